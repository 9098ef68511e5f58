/**
 * A client for pages and programs that subscribe to an `SSEServer`: over `EventSource`,
 * with the types of its events, their data parsed, gaps and ends told, and streams that
 * come back also where `EventSource` gives up.
 *
 * @example The news, while the page is open
 * ```ts no-eval
 * import { SSEClient } from "@sseserver/sseserver/client";
 *
 * const client = new SSEClient<{ "/news": { message: { title: string } } }>();
 * client.subscribe("/news", { latest: true })
 *   .on("message", ({ title }) => console.log(title))
 *   .on("sse-status", (status) => console.log(`The stream is ${status}`));
 * ```
 *
 * @example Closed by itself, at the end of a block
 * ```ts no-eval
 * import { SSEClient } from "@sseserver/sseserver/client";
 *
 * const client = new SSEClient("http://localhost:8001");
 * {
 *   using jobs = client.subscribe("/jobs/7");
 *   await new Promise((resolve) => jobs.on("sse-end", resolve));
 * }
 * ```
 *
 * @module
 */

export { SSEClient } from "./client.ts";
export type {
  EventSourceConstructor,
  EventSourceLike,
  ReceivedEvent,
} from "./event_source.ts";
export type {
  HeardDataOf,
  JSONEventNameOf,
  ServerEvents,
  SubscriptionStatus,
  TextEventNameOf,
} from "./heard.ts";
export type {
  OnOptions,
  SSEClientOptions,
  SubscriptionOptions,
} from "./options.ts";
export type { Subscription } from "./subscription.ts";
export type { Gap, GapReason } from "../notice.ts";
export type {
  AnyEvents,
  EventDataOf,
  EventNameOf,
  MessageOf,
  SentDataOf,
} from "../typed.ts";
export type { SSEMessage } from "../message.ts";
export type { Parsed } from "../parsed.ts";
