/**
 * What programs test themselves with: a client that reads a stream in memory, and
 * a clock that is moved by hand. Neither needs a port or a package.
 *
 * @example A handler that broadcasts
 * ```ts
 * import { SSEServer } from "@sseserver/sseserver";
 * import { TestClient } from "@sseserver/sseserver/testing";
 *
 * await using sse = new SSEServer();
 * await using client = await TestClient.open(sse, "/subscribe/pets");
 * sse.broadcast({ namespace: "/pets", event: "new-dog", data: "Corgi" });
 * const { data } = await client.next("new-dog");
 * if (data !== "Corgi") throw new Error(data);
 * ```
 *
 * @module
 */

export type {
  FetchTarget,
  TestClientOptions,
  TestOpenOptions,
  TestRequestOptions,
  WaitOptions,
} from "./options.ts";
export type { Ending } from "./connection.ts";
export { TestClient } from "./test_client.ts";
export { TestClock } from "./test_clock.ts";
export type { TestEvent } from "./test_event.ts";
export type { Clock } from "../clock.ts";
