/** Milliseconds before the first further attempt, and before each of many. */
const FIRST = 50;
const LONGEST = 2_000;

/** Time between attempts: twice as long after each, and never the same for all. */
export class Backoff {
  readonly #signal: AbortSignal;
  #next = FIRST;

  /** @param signal Ends the waiting. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Begins anew after an attempt that has succeeded. */
  reset(): void {
    this.#next = FIRST;
  }

  /** Resolves when it is time for the next attempt. */
  async wait(): Promise<void> {
    const time = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(LONGEST, this.#next * 2);
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, time);
      this.#signal.addEventListener("abort", end);
    });
  }
}
