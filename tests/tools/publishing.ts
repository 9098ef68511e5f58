/**
 * What the tests of `POST /publish/` share.
 *
 * @module
 */
import type { SSEServerOptions } from "@sseserver/sseserver";
import { start as startServer, type TestServer } from "./sockets.ts";
import type { RawClient } from "./raw_client.ts";
import { countedBy } from "./wire.ts";

/** What every publisher has. */
export const TOKEN = "0123456789abcdef";

/** Starts a server that takes publications. */
export function start(options: SSEServerOptions = {}): Promise<TestServer> {
  return startServer({ publish: { token: TOKEN }, ...options });
}

/** Posts a body as a publisher; headers that are `undefined` are left out. */
export function post(
  server: TestServer,
  path: string,
  body: string,
  headers: Record<string, string | undefined> = {},
): Promise<RawClient> {
  const all = Object.entries({
    "Authorization": `Bearer ${TOKEN}`,
    "Content-Type": "text/plain",
    "Content-Length": String(new TextEncoder().encode(body).length),
    ...headers,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return server.ask(path, {
    method: "POST",
    headers: Object.fromEntries(all),
    body,
  });
}

/** Begins to post text, in whatever framing the headers tell of. */
export function begin(
  server: TestServer,
  framing: Record<string, string>,
  body = "",
): RawClient {
  return server.send("/publish/a", {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${TOKEN}`,
      "Content-Type": "text/plain",
      ...framing,
    },
    body,
  });
}

/** Posts JSON: a text as it is. */
export function json(
  server: TestServer,
  body: unknown,
  path = "/publish/a",
): Promise<RawClient> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return post(server, path, text, { "Content-Type": "application/json" });
}

/** What a publication came to: `201` and the id's number, or status and text. */
export function outcome({ status, body }: RawClient): [number, string] {
  return [status, body.replace(/^\{"id":"[0-9a-z]+-(\d+)"\}$/, "$1")];
}

/** What was refused, by reason. */
export function refusals(server: TestServer): Promise<Record<string, number>> {
  return countedBy(server, "publish_refusals_total");
}
