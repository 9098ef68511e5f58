/** Lets so much happen at once, and then so much a second (a token bucket). */
export class Allowance {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();

  constructor(most: number, perSecond: number) {
    this.#most = this.#left = most;
    this.#perSecond = perSecond;
  }

  /** Takes one; returns 0, or for how many seconds there is none. */
  take(): number {
    const now = performance.now();
    const earned = (now - this.#at) / 1_000 * this.#perSecond;
    this.#left = Math.min(this.#most, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return (1 - this.#left) / this.#perSecond;
    this.#left--;
    return 0;
  }
}
