/**
 * A Server-Sent Events server for Deno, Bun and Node: broadcasts messages to
 * namespaces, where a subscriber to `/pets` also hears `/pets/dogs`.
 *
 * @example The shortest program
 * ```ts no-eval
 * import { SSEServer } from "@sseserver/sseserver";
 *
 * const sse = new SSEServer();
 * setInterval(() => sse.broadcast({ namespace: "/time", data: new Date() }), 1000);
 * await sse.serve({ port: 8001 }); // curl localhost:8001/subscribe/time
 * ```
 *
 * @module
 */

export type { ConnectionStatus, Status } from "./src/admin/status.ts";
export type { Clock } from "./src/clock.ts";
export type {
  Engine,
  EngineHost,
  EngineRecord,
  EngineSink,
  EngineStatus,
  Position,
  SharedMemory,
} from "./src/engine.ts";
export type { HistoryBounds } from "./src/history/bounds.ts";
export type { DisconnectReason } from "./src/counters.ts";
export type { DisconnectFilter } from "./src/disconnect.ts";
export type { Grant } from "./src/grant.ts";
export {
  jwtAuthorizer,
  type JWTAuthorizerOptions,
  type PublicJWK,
  type PublicKeyAlgorithm,
  type SecretAlgorithm,
  type WebCryptoKey,
} from "./src/http/jwt.ts";
export type { Gap, GapReason } from "./src/notice.ts";
export type { SSEMessage } from "./src/message.ts";
export type {
  HistoryOptions,
  SSEHubOptions,
  SSEServerLimits,
} from "./src/options.ts";
export type {
  Action,
  AdminOptions,
  Authorize,
  CORSOptions,
  PublishOptions,
  SSEServerOptions,
} from "./src/server_options.ts";
export type { Connection } from "./src/reader.ts";
export type {
  CloseOptions,
  SubscribeOptions,
  TicketGrant,
} from "./src/call_options.ts";
export { SSEHub } from "./src/sse_hub.ts";
export { SSEServer } from "./src/server.ts";
export type { ServeHandle, ServeOptions } from "./src/serving.ts";
export type { Parsed } from "./src/parsed.ts";
export type { Bytes } from "./src/slab.ts";
export type {
  AnyEvents,
  EventDataOf,
  EventNameOf,
  MessageOf,
  SentDataOf,
} from "./src/typed.ts";
