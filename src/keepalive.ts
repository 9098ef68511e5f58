import type { Reader } from "./reader.ts";

/** Milliseconds that one slot of the wheel stands for, where the interval is long enough. */
const SLOT = 1_000;
/** Slots that a wheel has at least, so that a short interval is spread too. */
const SLOTS = 4;

/**
 * The readers, spread over an interval, so that one timer serves all and nobody's
 * turn comes together with everyone else's.
 */
export class KeepAliveWheel {
  readonly #slots: Set<Reader>[];
  /** Milliseconds from one slot to the next. */
  readonly #step: number;
  #next = 0;
  #turn = 0;
  #turnAt = 0;

  /** @param interval Milliseconds between two turns of a reader; 0: no turns. */
  constructor(interval: number) {
    const slots = Math.max(SLOTS, Math.ceil(interval / SLOT));
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#step = interval / slots;
  }

  /** Takes a reader in; its turn comes within one interval. */
  add(reader: Reader): void {
    reader.slot = this.#slots[this.#next]!;
    reader.slot.add(reader);
    this.#next = (this.#next + 1) % this.#slots.length;
  }

  /** The readers whose turn has come by `now`, in the time that only ever goes on. */
  *due(now: number): Generator<Reader> {
    if (this.#step === 0) return;
    for (; this.#turnAt + this.#step <= now; this.#turnAt += this.#step) {
      yield* this.#slots[this.#turn]!;
      this.#turn = (this.#turn + 1) % this.#slots.length;
    }
  }
}
