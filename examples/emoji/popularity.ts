import type { Emoji } from "./emoji.ts";

/** How steeply use falls from the first emoji to the last (Zipf's exponent). */
const STEEPNESS = 0.85;
/** The same is taken from all ranks, so that the first does not dwarf the others. */
const OFFSET = 6;
/** How far a trend moves in a second, and how much of it is lost. */
const STRIDE = 0.2;
const RETURN = 0.03;
/** Seconds from one burst to the next, and for which one lasts; on average. */
const BURST_INTERVAL = 5;
const BURST_TIME = 6;
/** Part of all uses that a burst begins with, at most. */
const BURST_SHARE = 0.18;

interface Trend {
  readonly emoji: Emoji;
  /** Use without a trend. */
  readonly base: number;
  /** Logarithm of what the base is multiplied by. */
  drift: number;
  /** Part of all uses that is added. */
  burst: number;
  /** The sum of what this and those before it are used. */
  upTo: number;
}

/** Who would use which emoji now: a Zipf distribution that drifts and bursts. */
export class Popularity {
  readonly #trends: readonly Trend[];
  #total = 0;

  /** @param emoji Those that are used most first. */
  constructor(emoji: readonly Emoji[]) {
    this.#trends = emoji.map((emoji, rank) => ({
      emoji,
      base: 1 / (rank + OFFSET) ** STEEPNESS,
      drift: 0,
      burst: 0,
      upTo: 0,
    }));
    this.pass(0);
  }

  /** Lets some time pass. */
  pass(seconds: number): void {
    const bursting = Math.random() < seconds / BURST_INTERVAL
      ? Math.floor(Math.random() * this.#trends.length)
      : -1;
    const usual = this.#total;
    let upTo = 0;
    for (const [i, trend] of this.#trends.entries()) {
      trend.drift += STRIDE * Math.sqrt(seconds) * normal() -
        RETURN * seconds * trend.drift;
      trend.burst *= Math.exp(-seconds / BURST_TIME);
      if (i === bursting) trend.burst = BURST_SHARE * Math.random();
      upTo += trend.base * Math.exp(trend.drift) + trend.burst * usual;
      trend.upTo = upTo;
    }
    this.#total = upTo;
  }

  /** The next emoji that is used. */
  pick(): Emoji {
    const at = Math.random() * this.#total;
    return this.#trends.find(({ upTo }) => at < upTo)!.emoji;
  }
}

/** Normally distributed, about. */
function normal(): number {
  return (Math.random() + Math.random() + Math.random() - 1.5) * 2;
}
