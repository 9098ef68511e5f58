import { monotonic } from "./clocks.ts";
import { Opening } from "./opening.ts";
import type { LoadPlan, LoadReport } from "./plan.ts";
import type { Poll } from "./poll.ts";

/** Streams that are opened during the measured time, to see how long it takes. */
export class Probes {
  readonly #plan: LoadPlan;
  readonly #poll: Poll;
  readonly #firstId: number;
  readonly #count: number;
  /** Microseconds between two of them. */
  readonly #pause: number;
  readonly #probes: Probe[] = [];
  #beganAt = 0;

  /** @param firstId The first of the numbers under which the poll names them. */
  constructor(plan: LoadPlan, poll: Poll, firstId: number) {
    this.#plan = plan;
    this.#poll = poll;
    this.#firstId = firstId;
    this.#count = plan.probes?.count ?? 0;
    this.#pause = plan.seconds * 1e6 / this.#count;
  }

  /** The measured time begins. */
  begin(now: number): void {
    this.#beganAt = now;
  }

  /** When the next one is due; never, maybe. */
  nextAt(): number {
    const opened = this.#probes.length;
    if (opened === this.#count) return Infinity;
    return this.#beganAt + (opened + 0.5) * this.#pause;
  }

  /** Opens the next one if it is due. */
  open(now: number): void {
    if (now < this.nextAt()) return;
    const { streams, port, path, headers = {} } = this.#plan;
    const nth = this.#probes.length;
    const number = streams + nth;
    const startedAt = monotonic();
    const opening = new Opening(this.#poll, this.#firstId + nth, {
      port,
      number,
      path,
      headers,
    });
    this.#probes.push({ opening, startedAt, took: -1 });
  }

  /** Goes on with one, as its connection is ready. */
  ready(id: number): void {
    const probe = this.#probes[id - this.#firstId]!;
    const { opening, startedAt } = probe;
    if (!opening.connection.isOpen) return;
    opening.proceed();
    if (!opening.isAnswered) return;
    probe.took = monotonic() - startedAt;
    opening.connection.close();
  }

  /** What has become of them. */
  summary(): LoadReport["probes"] {
    const times = this.#probes.filter(({ took }) => took >= 0)
      .map(({ took }) => took / 1_000);
    return {
      answered: times.length,
      slowest: Math.max(0, ...times),
      times,
    };
  }
}

interface Probe {
  readonly opening: Opening;
  /** In microseconds, as is what it took. */
  readonly startedAt: number;
  /** -1 until the response head is complete. */
  took: number;
}
