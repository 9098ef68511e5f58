import { Deadlines } from "./deadlines.ts";
import type { Reader } from "./reader.ts";

/** Part of `maxAge` over which the ends of streams are spread, before it is over. */
const AGE_SPREAD = 0.25;

/** When streams end whose time is bounded: by their age, or by what they were granted. */
export class Lifetimes {
  readonly #maxAge: number | undefined;
  /** In active time. */
  readonly #ages: Deadlines<Reader> = new Deadlines();
  /** In milliseconds since the Unix epoch. */
  readonly #expiries: Deadlines<Reader> = new Deadlines();

  /** @param maxAge Milliseconds of active time; `undefined`: no end. */
  constructor(maxAge: number | undefined) {
    this.#maxAge = maxAge;
  }

  /** How many ends are to come. */
  get size(): number {
    return this.#ages.size + this.#expiries.size;
  }

  /** Takes note of a stream that begins, and of when its grant ends, if it does. */
  begin(
    reader: Reader,
    activeTime: number,
    expires: number | undefined,
  ): void {
    if (this.#maxAge !== undefined) {
      const age = this.#maxAge * (1 - AGE_SPREAD * Math.random());
      this.#ages.set(reader, activeTime + age);
    }
    if (expires !== undefined) this.#expiries.set(reader, expires);
  }

  /** Forgets a stream that has ended. */
  delete(reader: Reader): void {
    this.#ages.delete(reader);
    this.#expiries.delete(reader);
  }

  /** Takes out those whose time is over. */
  *due(activeTime: number, now: number): Generator<Reader> {
    yield* this.#ages.due(activeTime);
    yield* this.#expiries.due(now);
  }
}
