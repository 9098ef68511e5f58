import { parseNamespace } from "../namespace.ts";

/** What the address of a stream says. */
export interface StreamQuery {
  /** Normalised, at least one. */
  readonly namespaces: readonly string[];
  readonly latest: boolean;
  readonly lastEventId: string;
  readonly ticket: string | undefined;
}

/** The server knows its limits, the client does not. */
const NO_LIMITS = { namespaceLength: Infinity, namespaceDepth: Infinity };

/**
 * A namespace as the server has it. One that it would refuse must not get into an
 * address: "/subscribe/a/.." is that of another route.
 */
export function normalNamespace(namespace: string): string {
  return parseNamespace(namespace, NO_LIMITS);
}

/** The path of an address, and its query without the question mark. */
const ADDRESS = /^([^?#]*)\??([^#]*)/;

/**
 * The address of a stream: the first namespace in the path of the subscribe route
 * below `base`, the others in its query. With a `route` of the program's own, which
 * decides what is heard, only what is about the client.
 */
export function streamUrl(
  base: string,
  route: string | undefined,
  { namespaces: [first = "", ...others], latest, lastEventId, ticket }:
    StreamQuery,
): string {
  const query = new URLSearchParams();
  if (route === undefined) {
    for (const other of others) query.append("ns", other);
    if (latest) query.set("latest", "true");
  }
  if (ticket !== undefined) query.set("ticket", ticket);
  if (lastEventId !== "") query.set("lastEventId", lastEventId);
  const [, path = "", own = ""] = ADDRESS.exec(route ?? base) ?? [];
  const below = route === undefined
    ? `/subscribe${first.split("/").map(encodeURIComponent).join("/")}`
    : "";
  const search = [own, String(query)].filter(Boolean).join("&");
  return (below ? path.replace(/\/+$/, "") : path) + below +
    (search && `?${search}`);
}
