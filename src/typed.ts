import type { SSEMessage } from "./message.ts";

/** What is known of the events where nothing was said: any may be sent anywhere. */
// deno-lint-ignore no-explicit-any -- assignable to and from every map of events
export type AnyEvents = any;

/**
 * Whether a type is `any`, the only one for which a condition goes both ways. (The
 * usual `0 extends 1 & T` is decided too soon where T has to be an object.)
 *
 * @internal
 */
export type IsAny<T> = boolean extends (T extends never ? true : false) ? true
  : false;

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

/** Whether what fits a pattern is a namespace or lies below it. */
type Below<Pattern extends readonly string[], Name extends readonly string[]> =
  Name extends [infer S extends string, ...infer NameRest extends string[]]
    ? Pattern extends
      [infer P extends string, ...infer PatternRest extends string[]]
      ? SegmentFits<P, S> extends true ? Below<PatternRest, NameRest> : false
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
type PatternsBelow<Events extends object, N extends string> = {
  [P in keyof Events & string]: N extends unknown
    ? Below<Segments<P>, Segments<N>> extends true ? P : never
    : never;
}[keyof Events & string];

/**
 * The names of the events of one or several patterns.
 *
 * @internal
 */
type NamesIn<Maps> = Maps extends unknown ? keyof Maps & string : never;

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
  readonly namespace: [PatternsFor<Events, N>] extends [never]
    ? keyof Events & string
    : N;
  /** The event's name; left out, it is `message`. */
  readonly event?:
    | (E extends NamesIn<Sent<Events, N>> ? E : NamesIn<Sent<Events, N>>)
    | undefined;
  /** What the event carries, as in {@linkcode SSEMessage}. */
  // With `event: undefined` nothing is inferred for E.
  readonly data: DataIn<Sent<Events, N>, string extends E ? "message" : E>;
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

/** What `JSON.parse` returns of what `JSON.stringify` was given. */
export type Parsed<T> = IsAny<T> extends true ? T
  : T extends { toJSON(...args: never[]): infer R } ? Parsed<R>
  : T extends string | number | boolean | null ? T
  : T extends undefined | symbol | ((...args: never[]) => unknown) ? never
  : T extends readonly unknown[] ? { [I in keyof T]: Parsed<T[I]> }
  : T extends object ? { [K in keyof T]: Parsed<T[K]> }
  : T;
