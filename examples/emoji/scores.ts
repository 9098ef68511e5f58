/** Counts by an emoji's code. */
export type Counts = Readonly<Record<string, number>>;

/** Counts uses: those of a window, and all there ever were. */
export class Scores {
  readonly #totals: Map<string, number> = new Map();
  readonly #window: Map<string, number> = new Map();

  /** @param codes Those of which totals tell that they were not used yet. */
  constructor(codes: Iterable<string>) {
    for (const code of codes) this.#totals.set(code, 0);
  }

  /** Counts a use. */
  add(code: string): void {
    this.#window.set(code, (this.#window.get(code) ?? 0) + 1);
  }

  /** Ends the window; `undefined` where nothing was used in it. */
  flush(): Counts | undefined {
    if (this.#window.size === 0) return undefined;
    const counts = Object.fromEntries(this.#window);
    this.#window.clear();
    for (const [code, count] of Object.entries(counts)) {
      this.#totals.set(code, (this.#totals.get(code) ?? 0) + count);
    }
    return counts;
  }

  /** The sum of all windows that have ended. */
  totals(): Counts {
    return Object.fromEntries(this.#totals);
  }
}
