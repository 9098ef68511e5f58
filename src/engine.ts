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
  /** Normalised. */
  readonly namespace: string;
  /** What {@linkcode Engine.publish} got: an engine never looks into it. */
  readonly body: Bytes;
}

/** Where an engine delivers to: the server it was started for. */
export interface EngineSink {
  /**
   * Takes note of where the order stands: `seq` is the place of the last event
   * that there was, 0 in a new epoch. The engine calls it before its `start`
   * resolves, and whenever the order goes on somewhere else than after the event
   * that was delivered last. It does not throw.
   */
  begin(position: Position): void;
  /**
   * Takes the next event. The engine calls it once an event, in order. It does
   * not throw, and does not publish.
   */
  deliver(record: EngineRecord): void;
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
   * throws or rejects, everything that waits for it does too.
   */
  start(sink: EngineSink): void | Promise<void>;
  /**
   * Accepts an event, and resolves with its place once it cannot be lost any
   * more. Delivers it to the sink, before or after, exactly once. Rejects when
   * the event was refused: then it is never delivered later.
   *
   * May be called again before an earlier call has resolved; the order of calls
   * from one server is the order of their places.
   */
  publish(namespace: string, body: Bytes): Position | Promise<Position>;
  /** Lets go of every connection and timer. What was accepted has been delivered. */
  close(): void | Promise<void>;
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
}

/** Digits of an epoch besides the second: few, as every event carries them. */
const RANDOM_DIGITS = 4;

/** Time first, so that epochs sort; random after it, as two may start at once. */
function newEpoch(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  return Math.floor(Date.now() / 1000).toString(36) +
    random.toString(36).padStart(RANDOM_DIGITS, "0").slice(-RANDOM_DIGITS);
}
