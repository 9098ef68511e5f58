import type { EngineRecord, Position } from "../engine.ts";
import type { Bytes } from "../slab.ts";

/** What a client asks for when it opens a stream. */
export interface Asked {
  /** Normalised, sorted, none below another. */
  readonly namespaces: readonly string[];
  /** The id of the last event that it got, as it says; `""` without one. */
  readonly lastEventId: string;
  /** It wants the last message of each namespace first. */
  readonly latest: boolean;
}

/** How a stream begins. */
export interface Beginning {
  /** What its first chunk ends with; may be empty. */
  readonly notices: string;
  /** What is sent before the present; `undefined` where that is nothing. */
  readonly replay: Replay | undefined;
}

/** A piece of a stream. */
export interface Chunk {
  readonly bytes: Bytes;
  /** How many events end in it. */
  readonly events: number;
}

/**
 * A place in the history, and the way from there to the present.
 *
 * It holds numbers only, however far behind it is: what it hands out is looked up
 * when it is asked for.
 */
export interface Replay {
  /**
   * - `behind`: there is more to take.
   * - `present`: nothing is left to take that came before this moment.
   * - `ended`: the same, and nothing will come: all its namespaces have ended.
   * - `outrun`: the rest of an event that was begun is not there any more.
   */
  readonly state: "behind" | "present" | "ended" | "outrun";
  /** About how many bytes came since its place, of all namespaces. */
  readonly lag: number;
  /** Takes the next piece; `undefined` where there turns out to be none. */
  next(): Chunk | undefined;
}

/** What is remembered of the events, for clients that come back. */
export interface History {
  /** Whether events carry ids. */
  readonly enabled: boolean;
  /** What is remembered. */
  readonly size: { readonly messages: number; readonly bytes: number };
  /** What a silent stream that has everything is sent. */
  readonly keepAlive: Bytes;
  /**
   * Takes note of where the order stands before the next event. Returns what tells
   * those who are live where that is not after the last event.
   */
  begin(position: Position): string | undefined;
  /** Whether a place is that of the next event, after the last one. */
  isNext(position: Position): boolean;
  /** Takes note of the next place, which holds no event. */
  pass(position: Position): void;
  /** Remembers the next event; returns it as it goes to the wire. */
  add(record: EngineRecord): Bytes;
  /** Finds out how a stream begins. */
  open(asked: Asked): Beginning;
  /** Whether all namespaces have ended, and the client has seen them end. */
  hasSeenEnd(asked: Asked): boolean;
  /** Whether a namespace has ended, as far as is remembered. */
  hasEnded(namespace: string): boolean;
  /** Forgets what has become too old. */
  expire(): void;
}

const KEEP_ALIVE: Bytes = new TextEncoder().encode(":keepalive\n");
const PRESENT: Beginning = { notices: "", replay: undefined };

/** Remembers nothing: events have no ids, and every stream begins in the present. */
export const NO_HISTORY: History = {
  enabled: false,
  size: { messages: 0, bytes: 0 },
  keepAlive: KEEP_ALIVE,
  begin: () => undefined,
  isNext: () => true,
  pass() {},
  add: ({ body }) => body,
  open: () => PRESENT,
  hasSeenEnd: () => false,
  hasEnded: () => false,
  expire() {},
};
