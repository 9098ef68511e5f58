import type { HistoryBounds } from "../../history/bounds.ts";
import type { RedisPosition } from "./wire.ts";

interface Sample extends RedisPosition {
  /** When it was the last place, in milliseconds. */
  readonly at: number;
  /** Bytes delivered until then. */
  readonly bytes: number;
}

/** Milliseconds, at least, from one sample to the next; a part of the age. */
const LEAST_STEP = 1_000;
const STEPS = 100;

/**
 * Finds out what has become too old, or too much, to be kept in Redis. The time in an
 * entry's id is that of its epoch, so the place that was the last one a while ago has
 * to be remembered.
 */
export class Trimmer {
  readonly #bounds: HistoryBounds;
  #samples: Sample[] = [];

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds;
  }

  /**
   * Takes the last place, and bytes of all that was ever delivered; returns the place
   * before which everything can go.
   */
  look(
    { epoch, seq }: RedisPosition,
    bytes: number,
    now: number = performance.now(),
  ): RedisPosition | undefined {
    const last = this.#samples.at(-1);
    const step = Math.max(LEAST_STEP, this.#bounds.age / STEPS);
    if (last === undefined || now - last.at >= step) {
      this.#samples.push({ epoch, seq, bytes, at: now });
    }
    let found: Sample | undefined;
    while (this.#samples.length > 0) {
      const sample = this.#samples[0]!;
      if (
        now - sample.at < this.#bounds.age &&
        bytes - sample.bytes <= this.#bounds.bytes
      ) break;
      found = this.#samples.shift();
    }
    return found && { epoch: found.epoch, seq: found.seq + 1 };
  }
}
