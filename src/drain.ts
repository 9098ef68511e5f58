import type { CloseOptions } from "./call_options.ts";
import type { Clock } from "./clock.ts";
import { OptionCheck } from "./option_check.ts";

/** Longest time that streams may end over: an hour, in milliseconds. */
const LONGEST_DRAIN = 3_600_000;

/** Milliseconds from one look to the next. */
const STEP = 50;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof CloseOptions>([
  "drain",
]);

const check = new OptionCheck("Cannot close");

/** Checks a time over which streams end. */
export function checkDrain(milliseconds: number, check: OptionCheck): void {
  check.integer("drain", milliseconds, 0, LONGEST_DRAIN);
}

/** What close() is told; throws a TypeError or RangeError where it is not as it should be. */
export function drainOf(options: CloseOptions): number {
  check.names(options, OPTION_NAMES);
  const { drain = 0 } = options;
  checkDrain(drain, check);
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
