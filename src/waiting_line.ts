import type { Clock } from "./clock.ts";
import type { Reader } from "./reader.ts";

/**
 * How many readers are served before sockets get their turn: so many a millisecond
 * of the turn before, so that a program that does much in each still leaves time to
 * deliver, between bounds, so that sockets never wait for long.
 */
const SERVED = { perMillisecond: 2, min: 16, max: 128 };

/**
 * How many segments a reader may take when it is served: several writes to a
 * socket in a row cost half as much as one to each in turn.
 */
const QUANTUM = 8;

/** A reader that waits here for more bytes than this shows that the server is at its limit. */
const PRESSURE = 1024 * 1024;

/** Longest time that {@linkcode WaitingLine.relief} holds anyone back, in milliseconds. */
const RELIEF = 1_000;

/**
 * The readers that asked for more while they were behind, first come, first
 * served.
 *
 * Whoever stands here waits for the server, not the server for its client. So
 * nobody here is slow, and a long line means that more is published than can be
 * delivered.
 */
export class WaitingLine {
  readonly #clock: Clock;
  #readers: Reader[] = [];
  #relief:
    | { promise: Promise<void>; resolve(): void; timer: unknown }
    | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether more readers wait than a turn is sure to serve. */
  get isLong(): boolean {
    return this.#readers.length > SERVED.min;
  }

  /**
   * Resolves once the server is not at its limit any more, but within a second;
   * `undefined` while it is not.
   */
  get relief(): Promise<void> | undefined {
    return this.#relief?.promise;
  }

  /** Lets a reader wait for its turn. */
  add(reader: Reader): void {
    reader.parked = true;
    this.#readers.push(reader);
  }

  /**
   * Serves those in front, `elapsed` milliseconds after the last time. Returns
   * whether more are waiting.
   */
  serve(elapsed: number): boolean {
    const { perMillisecond, min, max } = SERVED;
    const share = Math.max(min, Math.min(max, elapsed * perMillisecond));
    const served = this.#readers;
    this.#readers = served.splice(Math.ceil(share));
    let pressure = false;
    for (const reader of served) {
      reader.parked = false;
      if (reader.closed) continue;
      pressure ||= reader.lag > PRESSURE;
      reader.credit = QUANTUM - 1;
      reader.serve();
    }
    if (pressure) this.#relief ??= this.#newRelief();
    else this.relieve();
    return this.#readers.length > 0;
  }

  /** Lets those go on who wait for relief. */
  relieve(): void {
    if (this.#relief === undefined) return;
    this.#clock.clearTimeout(this.#relief.timer);
    this.#relief.resolve();
    this.#relief = undefined;
  }

  #newRelief(): { promise: Promise<void>; resolve(): void; timer: unknown } {
    let resolve = () => {};
    const promise = new Promise<void>((settle) => resolve = settle);
    const timer = this.#clock.setTimeout(() => this.relieve(), RELIEF);
    return { promise, resolve, timer };
  }
}
