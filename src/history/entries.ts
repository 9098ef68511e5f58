/** What a list needs to know of an entry. */
export interface Listed {
  readonly seq: number;
  /** Too old to be replayed; still there as the last one of its namespace. */
  readonly expired: boolean;
  /** Not there any more. */
  readonly gone: boolean;
}

/** Lists with fewer places than this that are free are not worth copying. */
const SLACK = 64;

/**
 * Entries in the order of their places. They go from anywhere, though mostly
 * from the front; what has gone takes up half of the list at most.
 */
export class EntryList<Entry extends Listed> {
  #entries: Entry[] = [];
  /** All before it have gone. */
  #head = 0;
  /** How many behind it have gone. */
  #gone = 0;

  /** One more than the highest index. */
  get length(): number {
    return this.#entries.length;
  }

  /** The entry at an index from {@linkcode after}; it may have gone. */
  at(index: number): Entry | undefined {
    return this.#entries[index];
  }

  /** The lowest index that is worth a look. */
  get head(): number {
    return this.#head;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Index of the first entry after a place; good until something changes. */
  after(seq: number): number {
    const entries = this.#entries;
    let low = this.#head;
    let high = entries.length;
    if (low === high || entries[high - 1]!.seq <= seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first entry after a place that can be replayed. */
  firstAfter(seq: number): Entry | undefined {
    for (let i = this.after(seq); i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (!entry.gone && !entry.expired) return entry;
    }
    return undefined;
  }

  /** Takes note that one of the entries has gone. */
  noteGone(): void {
    const entries = this.#entries;
    this.#gone++;
    while (this.#head < entries.length && entries[this.#head]!.gone) {
      this.#head++;
      this.#gone--;
    }
    const free = this.#head + this.#gone;
    if (free < SLACK || free * 2 < entries.length) return;
    this.#entries = entries.filter(({ gone }) => !gone);
    this.#head = 0;
    this.#gone = 0;
  }
}
