import type { SSEMessage } from "./message.ts";
import type { Absent, IsAny, Parsed } from "./parsed.ts";

/** What is known of the events where nothing was said: any may be sent anywhere. */
// deno-lint-ignore no-explicit-any -- assignable to and from every map of events
export type AnyEvents = any;

/** The segments of a namespace or pattern, as a tuple; those of `/` are none. */
type Segments<N extends string> = N extends `/${infer Rest}` ? Split<Rest>
  : Split<N>;

type Split<S extends string> = S extends "" ? []
  : S extends `${infer Head}/${infer Rest}` ? [Head, ...Split<Rest>]
  : [S];

type SegmentFits<Pattern, Segment> = Pattern extends `:${string}` ? true
  : Segment extends Pattern ? true
  : false;

/** Whether a namespace has just the segments that a pattern asks for. */
type Fits<Pattern extends readonly string[], Name extends readonly string[]> =
  Pattern extends
    [infer P extends string, ...infer PatternRest extends string[]]
    ? Name extends [infer S extends string, ...infer NameRest extends string[]]
      ? SegmentFits<P, S> extends true ? Fits<PatternRest, NameRest> : false
    : false
    : Name extends [] ? true
    : false;

/** Whether a segment may be one that a pattern asks for. */
type SegmentMayFit<Pattern, Segment> = SegmentFits<Pattern, Segment> extends
  true ? true
  // As with `/users/${string}`, which may be `/users/me`.
  : Pattern extends Segment ? true
  : false;

/** Whether what fits a pattern may be a namespace or lie below it. */
type Below<Pattern extends readonly string[], Name extends readonly string[]> =
  Name extends [infer S extends string, ...infer NameRest extends string[]]
    ? Pattern extends
      [infer P extends string, ...infer PatternRest extends string[]]
      ? SegmentMayFit<P, S> extends true ? Below<PatternRest, NameRest> : false
    : false
    : true;

/**
 * The pattern for a namespace: itself where it is there, or those that fit.
 *
 * @internal
 */
type PatternsFor<Events extends object, N extends string> = string extends N
  ? never
  : N extends keyof Events ? N
  : {
    [P in keyof Events & string]: Fits<Segments<P>, Segments<N>> extends true
      ? P
      : never;
  }[keyof Events & string];

/**
 * The patterns of all that a subscriber to a namespace hears.
 *
 * @internal
 */
type PatternsBelow<Events extends object, N extends string> = string extends N
  ? keyof Events & string
  : {
    [P in keyof Events & string]: N extends unknown
      ? Below<Segments<P>, Segments<N>> extends true ? P : never
      : never;
  }[keyof Events & string];

/**
 * The names of the events of one or several patterns.
 *
 * @internal
 */
type NamesIn<Maps> = Maps extends unknown
  ? Exclude<keyof Maps & string, `sse-${string}`>
  : never;

/**
 * The data of an event, in whichever of the patterns.
 *
 * @internal
 */
type DataIn<Maps, E extends string> = Maps extends unknown
  ? E extends keyof Maps ? Maps[E] : never
  : never;

/** @internal */
type Sent<Events extends object, N extends string> = Events[
  PatternsFor<Events, N> & keyof Events
];

/** What stands where a namespace has been taken from the map as it is. */
type NotAPattern = "a namespace with values in place of its :parameters";

/**
 * Those of the namespaces that a pattern fits; a hint where there is none.
 *
 * @internal
 */
type NamespaceFor<Events extends object, N extends string> = [
  Fitting<Events, N>,
] extends [never]
  ? N extends `:${string}` | `${string}/:${string}` ? NotAPattern
  : keyof Events & string
  : Fitting<Events, N>;

type Fitting<Events extends object, N extends string> = N extends
  `:${string}` | `${string}/:${string}` ? never
  : [PatternsFor<Events, N>] extends [never] ? never
  : N;

/**
 * The names of the events that may be sent to whichever of the namespaces it is.
 *
 * @internal
 */
type NamesFor<Events extends object, N extends string> = (
  N extends unknown ? (name: NamesIn<Sent<Events, N>>) => void : never
) extends (name: infer Names extends string) => void ? Names : never;

/**
 * The data that may be sent whichever of the namespaces and events it is.
 *
 * @internal
 */
type DataFor<Events extends object, N extends string, E extends string> = (
  N extends unknown
    ? E extends unknown ? (data: Sendable<DataIn<Sent<Events, N>, E>>) => void
    : never
    : never
) extends (data: infer Data) => void ? Data : never;

/** What is not refused as data, see {@linkcode SSEMessage}. */
type Sendable<T> = Exclude<T, Absent | bigint>;

/**
 * A message as `Events` allows it: what may be sent to namespace `N` as event `E`.
 * Without a type for events it is any {@linkcode SSEMessage}.
 *
 * `Events` has a property for every namespace, whose segments that begin with a colon
 * stand for any one; in it one for every event, `message` being those without a name,
 * and the type of its data. Where several patterns fit a namespace, the events of
 * each may be sent, unless one is the namespace itself.
 *
 * @example What may be sent where
 * ```ts
 * import { SSEServer } from "@sseserver/sseserver";
 *
 * interface Events {
 *   "/pets/:kind": { "new-pet": { name: string } };
 *   "/time": { message: Date };
 * }
 * const sse = new SSEServer<Events>();
 * const data = { name: "Rex" };
 * sse.broadcast({ namespace: "/pets/dogs", event: "new-pet", data });
 * sse.broadcast({ namespace: "/time", data: new Date() });
 * // sse.broadcast({ namespace: "/time", event: "tick", … }) does not compile.
 * ```
 */
export type MessageOf<
  Events extends object,
  N extends string,
  E extends string,
> = IsAny<Events> extends true ? SSEMessage : {
  /** Where it goes, as in {@linkcode SSEMessage}; one that a pattern fits. */
  readonly namespace: NamespaceFor<Events, N>;
  /** The event's name; left out, it is `message`. */
  readonly event?:
    | (E extends NamesFor<Events, N> ? E : NamesFor<Events, N>)
    | undefined;
  /** What the event carries, as in {@linkcode SSEMessage}. */
  // With `event: undefined` nothing is inferred for E.
  readonly data: DataFor<Events, N, string extends E ? "message" : E>;
};

/** The names of the events that a subscriber to namespaces `N` hears. */
export type EventNameOf<Events extends object, N extends string> =
  IsAny<Events> extends true ? string
    : NamesIn<Events[PatternsBelow<Events, N> & keyof Events]>;

/** The data of event `E` that a subscriber to namespaces `N` hears, as it was sent. */
export type SentDataOf<
  Events extends object,
  N extends string,
  E extends string,
> = IsAny<Events> extends true ? AnyEvents
  : DataIn<Events[PatternsBelow<Events, N> & keyof Events], E>;

/**
 * What a subscriber to namespaces `N` finds in the data of event `E` once it has parsed
 * it: what JSON makes of what was sent.
 */
export type EventDataOf<
  Events extends object,
  N extends string,
  E extends string,
> = Parsed<SentDataOf<Events, N, E>>;
