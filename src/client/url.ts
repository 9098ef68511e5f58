/** What the address of a stream says. */
export interface StreamQuery {
  /** Normalised, at least one. */
  readonly namespaces: readonly string[];
  readonly latest: boolean;
  readonly lastEventId: string;
  readonly ticket: string | undefined;
}

/** A namespace as the server has it: with one slash before each segment. */
export function normalNamespace(namespace: string): string {
  return "/" + namespace.split("/").filter(Boolean).join("/");
}

/** Whether a namespace is another one or lies below it; both normalised. */
export function isWithin(namespace: string, other: string): boolean {
  return other === "/" || namespace === other ||
    namespace.startsWith(`${other}/`);
}

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
  const path = route ??
    `${base.replace(/\/+$/, "")}/subscribe${
      first.split("/").map(encodeURIComponent).join("/")
    }`;
  if (query.size === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}
