import type { Clock } from "../clock.ts";
import { quote } from "../quote.ts";
import { turn } from "./deadline.ts";

interface Timer {
  readonly callback: () => void;
  readonly at: number;
}

/** So many timers at one moment set each other without end. */
const MOST_AT_ONCE = 100_000;

/**
 * A clock that stands still until it is moved, for the option `clock`: keepalives,
 * grants that expire and time-outs come when a test wants them to.
 *
 * It does not touch the global timers.
 *
 * @example A keepalive
 * ```ts
 * import { SSEServer } from "@sseserver/sseserver";
 * import { TestClient, TestClock } from "@sseserver/sseserver/testing";
 *
 * const clock = new TestClock();
 * await using sse = new SSEServer({ clock });
 * await using client = await TestClient.open(sse, "/subscribe/pets");
 * await clock.advance(30_000); // one comes within one and a half times 15 s
 * client.comments.includes("keepalive"); // true
 * ```
 */
export class TestClock implements Clock {
  readonly #timers: Map<number, Timer> = new Map();
  #now: number;
  #lastId = 0;
  #isAdvancing = false;

  /**
   * Starts at `now`, in milliseconds since the Unix epoch; by default at the
   * beginning of 2026. Throws a `RangeError` when that is not finite.
   */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
    if (!Number.isFinite(now)) {
      throw new RangeError(
        `Cannot start a clock as 'now' must be finite: current value is ${
          quote(now)
        }`,
      );
    }
    this.#now = now;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Milliseconds since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /**
   * Calls back once the clock has been moved by `delay` milliseconds. Throws a
   * `RangeError` when that is not finite; below 0 it counts as 0.
   */
  setTimeout(callback: () => void, delay: number): unknown {
    if (!Number.isFinite(delay)) {
      throw new RangeError(
        `Cannot set a timer as 'delay' must be finite: current value is ${
          quote(delay)
        }`,
      );
    }
    const id = ++this.#lastId;
    this.#timers.set(id, { callback, at: this.#now + Math.max(0, delay) });
    return id;
  }

  /** Undoes {@linkcode TestClock.setTimeout}. */
  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /**
   * Lets time go by: timers fire one after the other, those that they set too, each
   * at its own time. Before the first and after each the event loop has a turn, in
   * which streams can be read and what is under way can set its timers.
   *
   * Rejects with what a timer's callback throws; with a `RangeError` when
   * `milliseconds` is not finite or below 0; and with an `Error` while another call
   * is not done, or when timers set each other without time going by.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#after(milliseconds);
    if (this.#isAdvancing) {
      throw new Error("Cannot advance the clock as it is advancing already");
    }
    this.#isAdvancing = true;
    try {
      await this.#advanceTo(end);
    } finally {
      this.#isAdvancing = false;
    }
  }

  /**
   * Moves time on all at once, as a process sees it that was suspended: whatever
   * came due meanwhile fires late, and only once. Throws what a timer's callback
   * throws, and a `RangeError` when `milliseconds` is not finite or below 0.
   */
  jump(milliseconds: number): void {
    this.#now = this.#after(milliseconds);
    const due = [...this.#timers].filter(([, { at }]) => at <= this.#now);
    for (const [id] of due.sort(([, a], [, b]) => a.at - b.at)) {
      if (this.#timers.has(id)) this.#fire(id);
    }
  }

  async #advanceTo(end: number): Promise<void> {
    await turn();
    let atOnce = 0;
    for (let id = this.#due(end); id !== undefined; id = this.#due(end)) {
      const before = this.#now;
      this.#now = Math.max(before, this.#timers.get(id)!.at);
      atOnce = this.#now === before ? atOnce + 1 : 0;
      if (atOnce > MOST_AT_ONCE) {
        throw new Error(
          `Cannot advance the clock as more than ${MOST_AT_ONCE} timers fire at the same moment`,
        );
      }
      this.#fire(id);
      await turn();
    }
    this.#now = Math.max(this.#now, end);
  }

  #after(milliseconds: number): number {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) {
      throw new RangeError(
        `Cannot move the clock as 'milliseconds' must be finite and not below 0: current value is ${
          quote(milliseconds)
        }`,
      );
    }
    return this.#now + milliseconds;
  }

  /** The timer that fires next, unless that is after `end`. */
  #due(end: number): number | undefined {
    let next: number | undefined;
    let soonest = Infinity;
    for (const [id, { at }] of this.#timers) {
      if (at <= end && at < soonest) {
        soonest = at;
        next = id;
      }
    }
    return next;
  }

  #fire(id: number): void {
    const { callback } = this.#timers.get(id)!;
    this.#timers.delete(id);
    callback();
  }
}
