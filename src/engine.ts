import type { HistoryBounds } from "./history/bounds.ts";
import type { Bytes } from "./slab.ts";

/**
 * An event's place in the one order that all readers see.
 *
 * Written as `EPOCH-SEQ` it is the event's id (WHATWG HTML 9.2, last event ID).
 */
export interface Position {
  /** Letters and digits; another one means that the numbers start anew. */
  readonly epoch: string;
  /** Rises by one from event to event within an epoch; the first is 1. */
  readonly seq: number;
}

/** An event that an engine has given its place. */
export interface EngineRecord extends Position {
  /** Normalised; `""` for what servers tell each other. */
  readonly namespace: string;
  /** What {@linkcode Engine.publish} got: an engine never looks into it. */
  readonly body: Bytes;
  /**
   * When it was accepted, in milliseconds since the Unix epoch by the clock of this
   * machine. By default now.
   */
  readonly at?: number;
}

/** Where an engine delivers to: the server it was started for. It does not throw. */
export interface EngineSink {
  /**
   * Takes note of where the order stands: `seq` is the place of the last event
   * that there was, 0 in a new epoch. The engine calls it before its `start`
   * resolves, and whenever the order goes on somewhere else than after the event
   * that was delivered last.
   */
  begin(position: Position): void;
  /**
   * Takes the next event of those that were there before the engine was started:
   * it is remembered, but not broadcast again. The engine calls it in order, after
   * `begin` and before its `start` resolves.
   */
  restore(record: EngineRecord): void;
  /** Takes the next event. The engine calls it once an event, in order. */
  deliver(record: EngineRecord): void;
}

/** What an engine is told of the server it is started for. */
export interface EngineHost {
  /** What is to be kept for servers that start later. */
  readonly history: HistoryBounds;
  /** Takes what goes wrong where nobody waits for it. It does not throw. */
  report(error: unknown): void;
}

/**
 * Gives every event its place in one order and delivers it, in that order, to
 * every server that shares the engine. The default keeps to one process; others
 * connect several.
 *
 * An engine belongs to one server: `start` is called once, before anything
 * else, and nothing after `close`.
 */
export interface Engine {
  /**
   * Gets ready to publish. Streams are opened once it has resolved; when it
   * throws or rejects, everything that waits for it does too. What may pass by
   * itself, such as a network that is down, it waits for, having reported it.
   */
  start(sink: EngineSink, host: EngineHost): void | Promise<void>;
  /**
   * Accepts an event, and resolves with its place once it cannot be lost any
   * more. Delivers it to the sink, before or after, exactly once. Rejects when
   * the event was refused: then it is never delivered later; and with a
   * `TimeoutError` where that is not known.
   *
   * May be called again before an earlier call has resolved; the order of calls
   * from one server is the order of their places.
   *
   * With a `key`, an engine that is {@linkcode Engine.shared} accepts what is
   * published with it once within five minutes, by whichever server: further calls
   * resolve with the place of the first.
   */
  publish(
    namespace: string,
    body: Bytes,
    key?: string,
  ): Position | Promise<Position>;
  /**
   * Lets go of every connection and timer. What was accepted has been delivered. If
   * `start` has not resolved yet, it rejects.
   */
  close(): void | Promise<void>;
  /**
   * What all servers that share the engine remember together; only an engine that
   * connects several has it.
   */
  readonly shared?: SharedMemory;
  /**
   * Resolves once all events up to a place have been delivered, and where there are
   * none up to it; rejects where that cannot be found out soon. `undefined`, or not
   * there: so it is. Strangers may choose the place.
   */
  reach?(position: Position): Promise<void> | undefined;
  /** What the console shows of it. */
  status?(): EngineStatus;
}

/** Texts by key. Each operation rejects within 3 s where it cannot be done. */
export interface SharedMemory {
  /** What is under a key. */
  get(key: string): Promise<string | undefined>;
  /** Puts something under a key for so many milliseconds. */
  set(key: string, value: string, lifetime: number): Promise<void>;
  /** What is under a key and is there no longer: one server at most gets it. */
  take(key: string): Promise<string | undefined>;
  /**
   * What is under a key; if that is nothing, `value` after it was put there for so
   * many milliseconds, or for good.
   */
  claim(key: string, value: string, lifetime?: number): Promise<string>;
}

/** How an engine is doing. */
export interface EngineStatus {
  /** What it is, such as `redis`. */
  readonly name: string;
  /** Whether it can accept events now. */
  readonly connected: boolean;
  /** The epoch of the last event's id; `""` before the first. */
  readonly epoch: string;
  /** Events that were accepted, as far as is known, and not delivered here yet. */
  readonly lag: number;
  /** Times that events had not come by themselves and were fetched. */
  readonly repairs: number;
  /** Times that the connection was lost. */
  readonly losses: number;
}

/** The text form of a place, as `id:` carries it: under 64 characters. */
export function formatId({ epoch, seq }: Position): string {
  return `${epoch}-${seq}`;
}

/** Reads {@linkcode formatId}'s text; `undefined` where it is none. */
export function parseId(text: string): Position | undefined {
  const [, epoch, seq] = /^([0-9A-Za-z]{1,40})-(0|[1-9]\d{0,14})$/.exec(text) ??
    [];
  return epoch === undefined ? undefined : { epoch, seq: Number(seq) };
}

/** The engine of a single process: an event is delivered as it is accepted. */
export class MemoryEngine implements Engine {
  #sink: EngineSink | undefined;
  #epoch = "";
  #seq = 0;

  start(sink: EngineSink): void {
    this.#sink = sink;
    this.#epoch = newEpoch();
    sink.begin({ epoch: this.#epoch, seq: this.#seq });
  }

  publish(namespace: string, body: Bytes): Position {
    if (this.#sink === undefined) {
      throw new Error("Cannot publish as the engine is not running");
    }
    const record = { epoch: this.#epoch, seq: ++this.#seq, namespace, body };
    this.#sink.deliver(record);
    return record;
  }

  close(): void {
    this.#sink = undefined;
  }

  status(): EngineStatus {
    return {
      name: "memory",
      connected: this.#sink !== undefined,
      epoch: this.#epoch,
      lag: 0,
      repairs: 0,
      losses: 0,
    };
  }
}

/** Digits of an epoch besides the second: few, as every event carries them. */
const RANDOM_DIGITS = 4;

/** Time first, so that epochs sort; random after it, as two may start at once. */
function newEpoch(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  return Math.floor(Date.now() / 1000).toString(36) +
    random.toString(36).padStart(RANDOM_DIGITS, "0").slice(-RANDOM_DIGITS);
}
