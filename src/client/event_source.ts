/** The part of an `EventSource` (WHATWG HTML 9.2.2) that is used. */
export interface EventSourceLike {
  /** 0: connecting, 1: open, 2: closed for good. */
  readonly readyState: number;
  /** Has a listener called with every event of that name. */
  addEventListener(
    type: string,
    // deno-lint-ignore no-explicit-any -- implementations have types of their own
    listener: (event: any) => void,
  ): void;
  /** Closes the stream. */
  close(): void;
}

/** What makes one: the global `EventSource`, or that of a package. */
export type EventSourceConstructor = new (
  url: string,
  init?: { withCredentials?: boolean },
) => EventSourceLike;

/** What its listeners get: a `MessageEvent`, or its own `open` or `error`. */
export interface ReceivedEvent {
  /** The payload; only a `MessageEvent` has one. */
  readonly data?: unknown;
  /** Name of the event. */
  readonly type: string;
  /** The id of this event or of the last one before it that had one; `""`: none. */
  readonly lastEventId?: string;
}

/** `readyState` of one that is there. */
export const OPEN = 1;
/** `readyState` of one that will not connect again. */
export const CLOSED = 2;

/** The host's own `EventSource`; Node 24 and Bun 1.4 have none. */
export function globalEventSource(): EventSourceConstructor | undefined {
  return (globalThis as { EventSource?: EventSourceConstructor }).EventSource;
}
