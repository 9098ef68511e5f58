/** What bounds an {@linkcode ExpiringMap}. */
export interface ExpiryBounds {
  /** Milliseconds for which an entry is there. */
  readonly lifetime: number;
  /** Entries at most; with more the older half goes. */
  readonly capacity: number;
}

interface Entry<V> {
  readonly value: V;
  readonly since: number;
}

/**
 * A map that forgets what is too old, without a timer and without ever going
 * through its entries: in two generations, of which the older one is dropped as a
 * whole.
 */
export class ExpiringMap<V> {
  readonly #bounds: ExpiryBounds;
  readonly #now: () => number;
  #young: Map<string, Entry<V>> = new Map();
  #old: Map<string, Entry<V>> = new Map();
  /** When the young generation began. */
  #begun = -Infinity;

  /** @param now Milliseconds since the Unix epoch. */
  constructor(bounds: ExpiryBounds, now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
  }

  /** How many entries there are, with those that are too old but not dropped yet. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The value of a key, unless it is too old. */
  get(key: string): V | undefined {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    if (entry === undefined) return undefined;
    return this.#now() - entry.since < this.#bounds.lifetime
      ? entry.value
      : undefined;
  }

  /** Sets the value of a key, whose time begins anew. */
  set(key: string, value: V): void {
    const since = this.#now();
    const { lifetime, capacity } = this.#bounds;
    const age = Math.abs(since - this.#begun);
    if (age >= lifetime || this.#young.size >= capacity / 2) {
      // After two lifetimes, nothing in the young one is of use either.
      this.#old = age >= 2 * lifetime ? new Map() : this.#young;
      this.#young = new Map();
      this.#begun = since;
    }
    this.#old.delete(key);
    this.#young.set(key, { value, since });
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
