import type { EventSourceConstructor } from "./event_source.ts";

/** Options of an {@linkcode SSEClient}; every one may be left out. */
export interface SSEClientOptions {
  /**
   * Whether cookies go along to another origin, as `EventSource` has it.
   *
   * @default {false}
   */
  readonly withCredentials?: boolean;
  /**
   * Gets a ticket of `SSEServer.ticket()` from the program, for every stream that the
   * client opens; `EventSource` then comes back by the cookie that it got for it.
   */
  readonly ticket?: () => string | Promise<string>;
  /**
   * What opens the streams. By default the host's own; where there is none (Node 24,
   * Bun 1.4), that of the package `eventsource`.
   */
  readonly EventSource?: EventSourceConstructor;
  /**
   * Called with what went wrong where nobody waits for it: data that is no JSON, what
   * a handler threw, and why there was no ticket.
   *
   * @default {console.error}
   */
  readonly onError?: (error: unknown) => unknown;
}

/** Options of {@linkcode SSEClient.subscribe}; every one may be left out. */
export interface SubscriptionOptions {
  /**
   * Has the stream begin with the last message of each namespace. The server needs a
   * `history` for that.
   *
   * @default {false}
   */
  readonly latest?: boolean;
  /** Goes on after this event, as if the client had seen it; from `publish()`. */
  readonly lastEventId?: string;
  /**
   * Address of a route of your own that answers with `sse.subscribe()`. It decides
   * what is heard: `latest` and the namespaces are not sent to it. By default the
   * server's `/subscribe/…`.
   */
  readonly url?: string | URL;
  /** Closes the subscription when it aborts. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Subscription.on}. */
export interface OnOptions {
  /** Takes the handler away when it aborts. */
  readonly signal?: AbortSignal;
}
