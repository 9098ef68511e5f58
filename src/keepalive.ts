import type { Reader } from "./reader.ts";

/**
 * The readers, spread over the ticks of an interval, so that one timer serves
 * all and no tick writes to everyone at once.
 */
export class KeepAliveWheel {
  readonly #slots: Set<Reader>[];
  #next = 0;
  #turn = 0;

  /** @param slots How many ticks the interval has, at least 1. */
  constructor(slots: number) {
    this.#slots = Array.from({ length: slots }, () => new Set());
  }

  /** Takes a reader in; its turn comes within one interval. */
  add(reader: Reader): void {
    reader.slot = this.#slots[this.#next]!;
    reader.slot.add(reader);
    this.#next = (this.#next + 1) % this.#slots.length;
  }

  /** The readers whose turn it is in this tick. */
  tick(): ReadonlySet<Reader> {
    const due = this.#slots[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#slots.length;
    return due;
  }
}
