import { Histogram } from "./histogram.ts";
import { type Latency, type LatencyWindow, STAMP_MODULUS } from "./plan.ts";

/** Microseconds of a window. */
const WINDOW = 100_000;

/** The latencies of all checked streams, and when they were long. */
export class Latencies {
  /** The stamp that an event would have that is sent now, which the reader sets. */
  readonly now: Float64Array = new Float64Array(1);

  readonly #histogram: Histogram = new Histogram();
  readonly #events: Uint32Array;
  readonly #longest: Int32Array;
  #beganAt = 0;
  #window = 0;

  /** @param seconds Longest time that will be measured. */
  constructor(seconds: number) {
    const windows = Math.ceil(seconds * 1e6 / WINDOW) + 1;
    this.#events = new Uint32Array(windows);
    this.#longest = new Int32Array(windows);
  }

  /** Forgets what was before: the measured time begins. */
  begin(): void {
    this.#beganAt = this.now[0]!;
    this.#histogram.clear();
    this.#events.fill(0);
    this.#longest.fill(0);
    this.#window = 0;
  }

  /** Has what is recorded from now on count for the window of `now`. */
  turn(): void {
    const window = elapsed(this.#beganAt, this.now[0]!) / WINDOW;
    this.#window = Math.min(window, this.#events.length - 1) | 0;
  }

  /** Records an event by its stamp. */
  record(stamp: number): void {
    const latency = elapsed(stamp, this.now[0]!) | 0;
    this.#histogram.add(latency);
    const window = this.#window;
    this.#events[window]!++;
    if (latency > this.#longest[window]!) this.#longest[window] = latency;
  }

  /** How they are distributed. */
  summary(): Latency {
    const histogram = this.#histogram;
    return {
      p50: histogram.quantile(0.5),
      p90: histogram.quantile(0.9),
      p99: histogram.quantile(0.99),
      p999: histogram.quantile(0.999),
      max: histogram.max,
    };
  }

  /** The windows of the measured time, which took so many seconds. */
  windows(seconds: number): LatencyWindow[] {
    const count = Math.ceil(seconds * 1e6 / WINDOW);
    return Array.from(this.#events.subarray(0, count), (events, i) => ({
      at: i * WINDOW / 1_000,
      events,
      max: this.#longest[i]!,
    }));
  }
}

/**
 * Microseconds from one stamp to another, up to half an hour, across the modulus.
 * The wall clock may be set back a little: that is no time.
 */
function elapsed(from: number, to: number): number {
  let time = to - from;
  if (time < -STAMP_MODULUS / 2) time += STAMP_MODULUS;
  return time < 0 ? 0 : time < LONGEST ? time : LONGEST;
}

const LONGEST = 2 ** 31 - 1;
