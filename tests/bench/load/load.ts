import { cpuTime, monotonic, readStamp } from "./clocks.ts";
import { Latencies } from "./latencies.ts";
import { openAll } from "./opener.ts";
import type { LoadPlan, LoadReport } from "./plan.ts";
import { Poll } from "./poll.ts";
import { Probes } from "./probes.ts";
import { Publisher } from "./publisher.ts";
import { type Measured, report } from "./report.ts";
import { Streams } from "./streams.ts";

/** Microseconds after which the clock is looked at though nothing has come. */
const TURN = 50_000;

/**
 * Microseconds between two times that drained streams are read. To read each as soon
 * as something has come keeps the client busier than some servers, and is of no use,
 * as their events have no latency.
 */
const SWEEP = 2_000;

/** Puts the load on a server; its turns make no objects. */
export class Load {
  readonly #plan: LoadPlan;
  readonly #poll: Poll = new Poll();
  /** Those that are drained. */
  readonly #drained: Poll = new Poll();
  readonly #latencies: Latencies;
  readonly #streams: Streams;
  readonly #probes: Probes;
  #publisher: Publisher | undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#latencies = new Latencies(plan.seconds);
    this.#streams = new Streams(
      plan,
      { checked: this.#poll, drained: this.#drained },
      this.#latencies,
    );
    this.#probes = new Probes(plan, this.#poll, plan.streams + 1);
  }

  /** Carries out the plan; `opened` is told when all streams are open. */
  run(opened: (count: number) => void): LoadReport {
    const { warmUp, streams: count, publish, port } = this.#plan;
    const openedIn = openAll(this.#streams, this.#poll, count);
    if (this.#streams.opened === 0) {
      throw new Error(`No stream could be opened at port ${port}`);
    }
    opened(this.#streams.opened);
    const now = monotonic();
    if (publish) {
      this.#publisher = new Publisher(this.#poll, count, now, {
        port,
        ...publish,
      });
    }
    this.#goOn(now + warmUp * 1e6, false);
    const measured = this.#measure();
    return report({
      port,
      openedIn,
      measured,
      streams: this.#streams,
      latencies: this.#latencies,
      probes: this.#probes,
    });
  }

  #measure(): Measured {
    const { seconds } = this.#plan;
    const streams = this.#streams;
    this.#sweep();
    const [bytes, events] = [streams.total[0]!, streams.events];
    const cpu = cpuTime();
    const beganAt = monotonic();
    readStamp(this.#latencies.now);
    this.#latencies.begin();
    this.#probes.begin(beganAt);
    this.#goOn(beganAt + seconds * 1e6, true);
    this.#sweep();
    const time = monotonic() - beganAt;
    return {
      seconds: time / 1e6,
      bytes: streams.total[0]! - bytes,
      events: streams.events - events,
      cpu: (cpuTime() - cpu) / time,
    };
  }

  /** Takes turns until some time, or until the measured load is done. */
  #goOn(end: number, isMeasured: boolean): void {
    const { checked, until } = this.#plan;
    const streams = this.#streams;
    const last = isMeasured && until !== undefined ? checked : Infinity;
    let now = monotonic();
    let sweepAt = now;
    while (now < end && streams.done < last) {
      if (now >= sweepAt) {
        this.#sweep();
        sweepAt = now + SWEEP;
      }
      this.#publisher?.publish(now);
      if (isMeasured) this.#probes.open(now);
      const next = Math.min(
        now + TURN,
        end,
        sweepAt,
        this.#publisher?.nextAt() ?? Infinity,
        isMeasured ? this.#probes.nextAt() : Infinity,
      );
      // Rounded up: less than a millisecond would be spent on waiting busily.
      this.#turn(Math.max(1, Math.ceil((next - now) / 1_000)));
      now = monotonic();
    }
  }

  /** Reads what has come on drained streams, each at most once. */
  #sweep(): void {
    const poll = this.#drained;
    for (let read = 0; read < this.#plan.streams;) {
      const ready = poll.wait(0);
      if (ready === 0) return;
      for (let nth = 0; nth < ready; nth++) this.#streams.ready(poll.id(nth));
      read += ready;
    }
  }

  #turn(milliseconds: number): void {
    const poll = this.#poll;
    const { streams: count } = this.#plan;
    const ready = poll.wait(milliseconds);
    for (let nth = 0; nth < ready; nth++) {
      const id = poll.id(nth);
      if (id < count) this.#streams.ready(id);
      else if (id === count) this.#publisher!.ready();
      else this.#probes.ready(id);
    }
  }
}
