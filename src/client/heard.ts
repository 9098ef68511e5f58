import type { Gap } from "../notice.ts";
import type { IsAny } from "../parsed.ts";
import type { EventDataOf, EventNameOf, SentDataOf } from "../typed.ts";

/**
 * `connecting`: for the first time, or again; `open`; `closed`: by the program, or
 * since all that it heard has ended.
 */
export type SubscriptionStatus = "connecting" | "open" | "closed";

/** What a subscription tells besides the events of the program, by their names. */
export interface ServerEvents {
  /**
   * A stream has begun of a server with a `history`; `resumed`: after the last event
   * that this client has seen, so that it misses nothing.
   */
  readonly "sse-open": { readonly resumed: boolean };
  /** Something may be missing: fetch the state anew. */
  readonly "sse-gap": Gap;
  /** Nothing more comes to a namespace. */
  readonly "sse-end": { readonly namespace: string };
  /** The status has changed; of the client itself, no event of the server. */
  readonly "sse-status": SubscriptionStatus;
}

/**
 * Whether the data of an event goes out as it is, and not as JSON.
 *
 * @internal
 */
type IsText<T> = [Extract<T, string | Uint8Array>] extends [never] ? false
  : true;

/**
 * The names of the events of which that is so, or not.
 *
 * @internal
 */
type NamesWhere<Text, Events extends object, N extends string> =
  IsAny<Events> extends true ? string
    : {
      // Of what may be anything, the program knows more.
      [E in EventNameOf<Events, N>]: unknown extends SentDataOf<Events, N, E>
        ? E
        : IsText<SentDataOf<Events, N, E>> extends Text ? E
        : never;
    }[EventNameOf<Events, N>];

/**
 * The names of the events that a subscriber to namespaces `N` hears and whose data is
 * JSON.
 */
export type JSONEventNameOf<Events extends object, N extends string> =
  NamesWhere<false, Events, N>;

/** The same of those whose data is text, at least sometimes. */
export type TextEventNameOf<Events extends object, N extends string> =
  NamesWhere<true, Events, N>;

/** What the handler of an event gets. */
export type HeardDataOf<
  Events extends object,
  N extends string,
  E extends string,
> = E extends keyof ServerEvents ? ServerEvents[E] : EventDataOf<Events, N, E>;
