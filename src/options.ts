import type { Clock } from "./clock.ts";
import type { Engine } from "./engine.ts";
import type { DisconnectReason } from "./counters.ts";
import type { Connection } from "./reader.ts";

/** What strangers can make the server hold at most. */
export interface SSEServerLimits {
  /**
   * Streams open at a time, and those that have ended while the host has yet to
   * close their socket. One more is refused softly: 200 with a `retry:` of about
   * 30 s and end of stream, so that a browser's EventSource comes back.
   *
   * @default {50_000}
   */
  readonly connections?: number;
  /**
   * The same for one client, by its address. Behind a proxy all clients have the
   * proxy's address unless `trustProxy` is set. By default there is no such limit.
   */
  readonly connectionsPerClient?: number;
  /**
   * UTF-8 bytes of a namespace.
   *
   * @default {1_024}
   */
  readonly namespaceLength?: number;
  /**
   * Segments of a namespace.
   *
   * @default {32}
   */
  readonly namespaceDepth?: number;
  /**
   * Namespaces that one stream may ask for.
   *
   * @default {64}
   */
  readonly namespacesPerStream?: number;
  /**
   * UTF-8 bytes of a message's data; 64 MiB at most.
   *
   * @default {1_048_576}
   */
  readonly messageBytes?: number;
  /**
   * Bytes held for readers that are behind, of all streams together. Over it,
   * those who are furthest behind where most is held are cut off.
   *
   * @default {268_435_456}
   */
  readonly bufferedBytes?: number;
}

/**
 * How much is remembered for clients that come back, of all namespaces together;
 * whichever is reached first. Over it, the namespace that holds most loses its
 * oldest message.
 */
export interface HistoryOptions {
  /**
   * Messages. At least 1.
   *
   * @default {10_000}
   */
  readonly messages?: number;
  /**
   * Bytes of the messages as they are on the wire. At least 1.
   *
   * @default {16_777_216}
   */
  readonly bytes?: number;
  /**
   * Milliseconds; the last message of each namespace is kept beyond them, for who
   * asks for `latest`. At least 1.
   *
   * @default {300_000}
   */
  readonly age?: number;
}

/** Options of an {@linkcode SSEHub}; every one may be left out. */
export interface SSEHubOptions {
  /**
   * Makes streams resumable: every event has an id, and a client that comes back
   * with the last one it got (EventSource does by itself: WHATWG HTML 9.2,
   * `Last-Event-ID`) is sent what it has missed, or told by an event named
   * `sse-gap` that something is not there any more. `true` takes all defaults.
   * Without it events have no ids, as in the Go package. With an engine that connects
   * several servers there always is one: `true` by default, and never `false`.
   *
   * @default {false}
   */
  readonly history?: boolean | HistoryOptions;
  /**
   * Milliseconds between `:keepalive` comments on a silent stream; 0 turns them
   * off, and with them the notice of a response that nobody reads. A stream that was
   * just written to skips one, so that it is silent for one and a half times as
   * long at most. From 10 to 3,600,000.
   *
   * @default {15_000}
   */
  readonly keepAlive?: number;
  /**
   * Bytes that a reader may fall behind the fastest one of its namespaces
   * before it is cut off. At least 1,024.
   *
   * @default {16_777_216}
   */
  readonly maxLag?: number;
  /**
   * Milliseconds for which a reader may leave data waiting before it is cut
   * off. From 10 to 3,600,000.
   *
   * @default {30_000}
   */
  readonly stallTimeout?: number;
  /**
   * Milliseconds after which a client whose stream ended should come back,
   * sent as `retry:` in the first chunk (WHATWG HTML 9.2.6) and spread from half
   * to one and a half times as much, so that clients do not come back all at once.
   * `false` sends none. From 0 to 3,600,000.
   *
   * @default {2_000}
   */
  readonly retry?: number | false;
  /**
   * Milliseconds after which a stream ends, so that clients spread over new
   * processes; each at a time of its own in the last quarter of it, to a second.
   * From 1,000. By default streams have no end.
   */
  readonly maxAge?: number;
  /** Bounds on what strangers can make the server hold. */
  readonly limits?: SSEServerLimits;
  /**
   * How many proxies stand in front, each of which appends to `X-Forwarded-For`;
   * `true` is one. The client's address is then the one that the outermost of
   * them saw (or `X-Real-IP` where that is all there is). By default both headers
   * are ignored, as anyone can send them.
   *
   * @default {false}
   */
  readonly trustProxy?: boolean | number;
  /**
   * Orders and delivers the events: `redis()` of `@sseserver/sseserver/redis` for
   * those of several processes. By default within this process.
   */
  readonly engine?: Engine;
  /** Called after a stream was opened. */
  readonly onConnect?: (connection: Connection) => unknown;
  /** Called after a stream has ended. */
  readonly onDisconnect?: (
    connection: Connection,
    reason: DisconnectReason,
  ) => unknown;
  /**
   * Called with what went wrong where nobody waits for it: what a callback threw
   * or rejected with, and why a broadcast was not accepted.
   *
   * @default {console.error}
   */
  readonly onError?: (error: unknown) => unknown;
  /** Time and timers; for tests a `TestClock` of `@sseserver/sseserver/testing`. */
  readonly clock?: Clock;
}
