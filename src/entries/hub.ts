/**
 * A Server-Sent Events hub for the routes of your own program: broadcasts messages to
 * namespaces and answers requests with streams of them. It has neither routes nor a
 * console, and needs no package; {@linkcode SSEHub} is what `SSEServer` builds on.
 *
 * @example In any program with a Request
 * ```ts no-eval
 * import { SSEHub } from "@sseserver/sseserver/hub";
 *
 * const hub = new SSEHub({ history: true });
 * Deno.serve((request, info) => {
 *   const { pathname } = new URL(request.url);
 *   return pathname === "/news"
 *     ? hub.subscribe(request, "/news", { info })
 *     : new Response("Not found", { status: 404 });
 * });
 * hub.broadcast({ namespace: "/news", data: "It runs" });
 * ```
 *
 * @module
 */

export type { ConnectionStatus, Status } from "../admin/status.ts";
export type { CloseOptions, SubscribeOptions } from "../call_options.ts";
export type { Clock } from "../clock.ts";
export type { DisconnectReason } from "../counters.ts";
export type { DisconnectFilter } from "../disconnect.ts";
export type {
  Engine,
  EngineHost,
  EngineRecord,
  EngineSink,
  EngineStatus,
  Position,
  SharedMemory,
} from "../engine.ts";
export type { Grant } from "../grant.ts";
export type { HistoryBounds } from "../history/bounds.ts";
export type { SSEMessage } from "../message.ts";
export type { Gap, GapReason } from "../notice.ts";
export type {
  HistoryOptions,
  SSEHubOptions,
  SSEServerLimits,
} from "../options.ts";
export type { Connection } from "../reader.ts";
export type { Bytes } from "../slab.ts";
export { SSEHub } from "../sse_hub.ts";
export type { AnyEvents, MessageOf } from "../typed.ts";
