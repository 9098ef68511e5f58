import type { Clock } from "../../src/clock.ts";
import { turns } from "./turns.ts";

interface Timer {
  readonly callback: () => void;
  readonly at: number;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #lastId = 0;
  readonly #timers: Map<number, Timer> = new Map();

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const id = ++this.#lastId;
    this.#timers.set(id, { callback, at: this.#now + delay });
    return id;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /**
   * Lets time go by: timers fire one after the other, each at its own time and
   * with a turn of the event loop after it, in which streams can be read.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (let id = this.#due(end); id !== undefined; id = this.#due(end)) {
      this.#now = Math.max(this.#now, this.#timers.get(id)!.at);
      this.#fire(id);
      await turns();
    }
    this.#now = end;
  }

  /**
   * Moves time on all at once, as a process sees it that was suspended: whatever
   * came due meanwhile fires late, and only once.
   */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
    const due = [...this.#timers].filter(([, { at }]) => at <= this.#now);
    for (const [id] of due.sort(([, a], [, b]) => a.at - b.at)) {
      if (this.#timers.has(id)) this.#fire(id);
    }
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
