/** Milliseconds that share a look. */
const STEP = 250;

/** What has to be done at some time, for any number of things and with no timer. */
export class Deadlines<Thing extends object> {
  readonly #steps: Map<number, Set<Thing>> = new Map();
  readonly #stepOf: Map<Thing, number> = new Map();

  /** How many are waited for. */
  get size(): number {
    return this.#stepOf.size;
  }

  /** Sets when a thing is due, in milliseconds of any clock. */
  set(thing: Thing, at: number): void {
    this.delete(thing);
    const step = Math.ceil(at / STEP);
    let things = this.#steps.get(step);
    if (things === undefined) this.#steps.set(step, things = new Set());
    things.add(thing);
    this.#stepOf.set(thing, step);
  }

  /** Forgets a thing. */
  delete(thing: Thing): void {
    const step = this.#stepOf.get(thing);
    if (step === undefined) return;
    this.#stepOf.delete(thing);
    const things = this.#steps.get(step)!;
    things.delete(thing);
    if (things.size === 0) this.#steps.delete(step);
  }

  /** Takes out what is due. */
  due(now: number): Thing[] {
    const step = Math.floor(now / STEP);
    const due: Thing[] = [];
    for (const [at, things] of this.#steps) {
      if (at <= step) due.push(...things);
    }
    for (const thing of due) this.delete(thing);
    return due;
  }
}
