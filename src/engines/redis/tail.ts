import type { EngineRecord, EngineSink } from "../../engine.ts";
import {
  isBefore,
  isRecord,
  type RedisBatch,
  type RedisPosition,
  type RedisRecord,
} from "./wire.ts";

/** Where a tail reads what it has missed. */
export interface TailSource {
  readonly isLost: boolean;
  /** Milliseconds from Redis' clock to that of this machine. */
  readonly clockOffset: number;
  stand(seen: RedisPosition): Promise<RedisPosition>;
  read(
    after: RedisPosition,
    count: number,
  ): Promise<readonly (RedisRecord | RedisPosition)[]>;
}

/** Events that are read at a time. */
const PAGE = 500;
/** Bytes that may wait while events before them are read; more are read again. */
const HELD_BYTES = 16 * 1024 * 1024;
/** Times that nothing new is read before what waits for it is dropped. */
const ROUNDS = 3;
/** Before every place. */
const NOWHERE: RedisPosition = { epoch: 0, seq: 0 };

/**
 * Delivers what is published in its order, each event once: what has come too early
 * waits until what is missing before it was read; what has been forgotten by then is
 * told of.
 */
export class Tail {
  readonly #sink: EngineSink;
  #at: RedisPosition = NOWHERE;
  #source: TailSource | undefined;
  /** Pending while something is read. */
  #reading: Promise<void> | undefined;
  #held: RedisBatch[] = [];
  #heldBytes = 0;
  #hasDropped = false;
  readonly #waiting: Set<{ for: RedisPosition; tell: () => void }> = new Set();
  /** The last epoch as text. */
  #epoch = { value: 0, text: "" };
  /** How often something had to be read that should have come. */
  repairs = 0;
  /** Of all that was ever delivered; with the last place, for trimming by size. */
  deliveredBytes = 0;

  constructor(sink: EngineSink) {
    this.#sink = sink;
  }

  /** The place of the last event that was delivered. */
  get at(): RedisPosition {
    return this.#at;
  }

  /** Has what comes from now on wait for {@linkcode Tail.follow}. */
  detach(): void {
    this.#source = undefined;
    this.#drop();
  }

  /**
   * Catches up with a source, from the beginning if it is the first, and follows it
   * from then on. What is received meanwhile waits.
   */
  async follow(source: TailSource): Promise<void> {
    // What is read from the one before comes to an end, as that has.
    await this.#reading?.catch(() => {});
    this.#source = source;
    await this.#read(source);
  }

  /** Takes what was published. */
  receive(batch: RedisBatch): void {
    if (this.#reading !== undefined || this.#source === undefined) {
      this.#hold(batch);
    } else if (!this.#take(batch)) {
      this.#hold(batch);
      this.repair();
    }
  }

  /** Reads what is missing; resolves, also when that fails, once it has. */
  repair(): Promise<void> {
    const source = this.#source;
    if (source === undefined) return Promise.resolve();
    if (this.#reading === undefined) this.repairs++;
    // The session that it comes from tells why it fails.
    return this.#read(source).catch(() => {});
  }

  /** Whether everything up to a place is delivered within so many milliseconds. */
  reached(position: RedisPosition, time: number): Promise<boolean> {
    if (!isBefore(this.#at, position)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isThere: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        resolve(isThere);
      };
      const timer = setTimeout(() => end(false), time);
      const waiting = { for: position, tell: () => end(true) };
      this.#waiting.add(waiting);
    });
  }

  #read(source: TailSource): Promise<void> {
    return this.#reading ??= this.#readAll(source).finally(() => {
      this.#reading = undefined;
    });
  }

  async #readAll(source: TailSource): Promise<void> {
    let rounds = 0;
    do {
      const before = this.#at;
      this.#hasDropped = false;
      const top = await source.stand(this.#at);
      if (this.#at === NOWHERE) await this.#restore(source, top);
      else await this.#readTo(source, top);
      if (source.isLost) throw new Error("The connection was lost");
      // What was published is not in the stream: it was changed by hand, or is
      // another one's. The watch looks again.
      rounds = before === this.#at ? rounds + 1 : 0;
      if (rounds >= ROUNDS) this.#drop();
    } while (!this.#release());
  }

  /** Delivers what came after the last event, up to a place or beyond. */
  async #readTo(source: TailSource, top: RedisPosition): Promise<void> {
    let cursor = this.#at;
    while (isBefore(this.#at, top)) {
      const page = await source.read(cursor, PAGE);
      cursor = page.at(-1) ?? cursor;
      for (const record of page) {
        // Somebody else's.
        if (!isRecord(record)) continue;
        if (!this.#isNext(record)) {
          this.#begin({ epoch: record.epoch, seq: record.seq - 1 });
        }
        this.#deliver(record);
      }
      // All that there is; what the place says there was has been forgotten.
      if (page.length < PAGE && isBefore(this.#at, top)) this.#begin(top);
    }
  }

  /** Fills the sink's history with what there is of this epoch. */
  async #restore(source: TailSource, top: RedisPosition): Promise<void> {
    let cursor: RedisPosition = { epoch: top.epoch, seq: 0 };
    while (isBefore(cursor, top)) {
      const page = await source.read(cursor, PAGE);
      cursor = page.at(-1) ?? cursor;
      for (const record of page) {
        if (!isRecord(record)) continue;
        if (!this.#isNext(record)) {
          this.#begin({ epoch: record.epoch, seq: record.seq - 1 });
        }
        this.#at = record;
        this.#sink.restore(this.#recordOf(record));
      }
      if (page.length < PAGE) break;
    }
    if (isBefore(this.#at, top)) this.#begin(top);
  }

  /** Delivers what has been held; false where something is missing before it. */
  #release(): boolean {
    const held = this.#held;
    const dropped = this.#hasDropped;
    this.#drop();
    for (const [i, batch] of held.entries()) {
      if (this.#take(batch)) continue;
      this.#held = held.slice(i);
      this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
      return false;
    }
    return !dropped;
  }

  /** Delivers what is new of a batch; false where something is missing before it. */
  #take({ epoch, first, records }: RedisBatch): boolean {
    const last = { epoch, seq: first + records.length - 1 };
    if (!isBefore(this.#at, last)) return true;
    // Of the epoch before, something may have been missed.
    if (epoch !== this.#at.epoch || first > this.#at.seq + 1) return false;
    for (const record of records) {
      if (record.seq > this.#at.seq) this.#deliver(record);
    }
    return true;
  }

  #isNext({ epoch, seq }: RedisPosition): boolean {
    return epoch === this.#at.epoch && seq === this.#at.seq + 1;
  }

  #begin(position: RedisPosition): void {
    this.#at = position;
    this.#sink.begin({
      epoch: this.#textOf(position.epoch),
      seq: position.seq,
    });
    this.#tell();
  }

  #deliver(record: RedisRecord): void {
    this.#at = record;
    this.deliveredBytes += record.body.length;
    this.#sink.deliver(this.#recordOf(record));
    this.#tell();
  }

  #recordOf(
    { epoch, seq, namespace, body, time }: RedisRecord,
  ): EngineRecord {
    return {
      epoch: this.#textOf(epoch),
      seq,
      namespace,
      body,
      at: time + (this.#source?.clockOffset ?? 0),
    };
  }

  #textOf(epoch: number): string {
    if (epoch !== this.#epoch.value) {
      this.#epoch = { value: epoch, text: epochText(epoch) };
    }
    return this.#epoch.text;
  }

  #tell(): void {
    if (this.#waiting.size === 0) return;
    for (const one of this.#waiting) {
      if (!isBefore(this.#at, one.for)) one.tell();
    }
  }

  #hold(batch: RedisBatch): void {
    this.#held.push(batch);
    this.#heldBytes += batch.bytes;
    if (this.#heldBytes <= HELD_BYTES) return;
    this.#drop();
    this.#hasDropped = true;
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}

/** An epoch as ids have it: short, as every event carries it. */
export function epochText(epoch: number): string {
  return epoch.toString(36);
}

/** Reads {@linkcode epochText}'s text; NaN where it is none. */
export function parseEpoch(text: string): number {
  const epoch = parseInt(text, 36);
  return epochText(epoch) === text ? epoch : NaN;
}
