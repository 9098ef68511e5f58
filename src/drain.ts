import type { CloseOptions } from "./call_options.ts";
import type { Clock } from "./clock.ts";
import { quote } from "./quote.ts";

/** Longest time that streams may end over: an hour, in milliseconds. */
const LONGEST_DRAIN = 3_600_000;

/** Milliseconds from one look to the next. */
const STEP = 50;

/** Throws a RangeError where streams cannot end over such a time. */
export function checkDrain(milliseconds: number, what: string): void {
  if (
    !Number.isInteger(milliseconds) || milliseconds < 0 ||
    milliseconds > LONGEST_DRAIN
  ) {
    throw new RangeError(
      `${what} as 'drain' must be an integer from 0 to ${LONGEST_DRAIN}: current value is ${
        quote(milliseconds)
      }`,
    );
  }
}

/** What close() is told; throws a TypeError or RangeError where it is not as it should be. */
export function drainOf({ drain = 0, ...unknown }: CloseOptions): number {
  for (const name of Object.keys(unknown)) {
    // A misspelt one would be ignored in silence, and all streams end at once.
    throw new TypeError(`Cannot close as there is no option '${name}'`);
  }
  checkDrain(drain, "Cannot close");
  return drain;
}

/** What is drained. */
export interface Drained {
  /** How many streams there are. */
  readonly size: number;
  /** Ends so many, each with the time to come back. */
  endOldest(count: number): void;
}

/** Ends streams one after the other, spread over a time. */
export class Drain {
  /** Resolves once all have ended. */
  readonly finished: Promise<void>;
  readonly #streams: Drained;
  readonly #clock: Clock;
  #timer: unknown;
  #resolve = () => {};

  /** @param milliseconds Over which they end, evenly. */
  constructor(streams: Drained, milliseconds: number, clock: Clock) {
    this.#streams = streams;
    this.#clock = clock;
    this.finished = new Promise((resolve) => this.#resolve = resolve);
    this.#step(streams.size, milliseconds, 0, clock.now());
  }

  /** Ends those that are left at once. */
  hurry(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#streams.endOldest(this.#streams.size);
    this.#resolve();
  }

  #step(
    total: number,
    milliseconds: number,
    before: number,
    lookedAt: number,
  ): void {
    const now = this.#clock.now();
    // A clock that is set back must not hold it up.
    const elapsed = before + Math.max(0, now - lookedAt);
    const left = Math.ceil(total * (1 - elapsed / milliseconds));
    this.#streams.endOldest(this.#streams.size - left);
    if (left <= 0 || this.#streams.size === 0) {
      this.hurry();
    } else {
      this.#timer = this.#clock.setTimeout(
        () => this.#step(total, milliseconds, elapsed, now),
        STEP,
      );
    }
  }
}
