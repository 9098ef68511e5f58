/**
 * Those who wait for something, each for a time of its own. Who has waited in vain
 * is let go of: with a promise that everyone waits for, it would keep all of them.
 */
export class Waiters {
  readonly #waiters: Set<(hasCome: boolean) => void> = new Set();

  /** Calls back once with whether it came within so many milliseconds. */
  add(time: number, callback: (hasCome: boolean) => void): void {
    const end = (hasCome: boolean) => {
      clearTimeout(timer);
      this.#waiters.delete(end);
      callback(hasCome);
    };
    const timer = setTimeout(() => end(false), time);
    this.#waiters.add(end);
  }

  /** Resolves with whether it came within so many milliseconds. */
  wait(time: number): Promise<boolean> {
    return new Promise((resolve) => this.add(time, resolve));
  }

  /** Lets everyone go on, in the order in which they came. */
  release(): void {
    for (const end of [...this.#waiters]) end(true);
  }
}
