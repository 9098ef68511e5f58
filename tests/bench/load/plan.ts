/** What the load client is to do; its server listens on 127.0.0.1. */
export interface LoadPlan {
  port: number;
  /** How many streams to open, stalled ones included. */
  streams: number;
  /** Path and query; a `*` in it becomes the stream's number, from 0. */
  path: string;
  headers?: Record<string, string>;
  /** So many of the streams that are read are checked event by event. */
  checked: number;
  /** So many are opened and never read. */
  stalled: number;
  /** Seconds from the moment that all are open to the measured time. */
  warmUp: number;
  /** Seconds that are measured. */
  seconds: number;
  /**
   * The measured time ends as soon as every checked stream has got so many events
   * since it was opened; `seconds` is then the limit.
   */
  until?: number;
  /** Post events to the server, from the moment that all are open; `rate` a second. */
  publish?: { path: string; rate: number };
  /** Open so many more streams during the measured time, and see how long it takes. */
  probes?: { count: number };
}

/** What the load client has found. */
export interface LoadReport {
  opened: number;
  failed: number;
  /** Milliseconds until every response head had arrived. */
  openedIn: number;
  /**
   * Streams that the server ended before the end of the measured time: a drained
   * one only by its connection, as nobody sees the last chunk of its body.
   */
  closed: number;
  /** Seconds that were measured. */
  seconds: number;
  /** Bytes of bodies and their chunks' frames that came in the measured time. */
  bytes: number;
  /** Events that came on checked streams in the measured time. */
  events: number;
  /** From all that has come on checked streams. */
  bytesPerEvent: number;
  /** Events a second on all streams that are read, if the others get the same. */
  deliveriesPerSecond: number;
  /** Events that checked streams should have got in between, since their opening. */
  lost: number;
  /** Events on checked streams whose number was not above the one before. */
  repeated: number;
  /** Streams that are read and got no event; drained ones: less than `LEAST_BYTES`. */
  silent: number;
  /** Bytes by stream that is read, from its opening to the end. */
  streamBytes: { least: number; median: number; most: number };
  /** Microseconds, over the events on checked streams in the measured time. */
  latency: Latency;
  windows: LatencyWindow[];
  /** Milliseconds from connecting to the end of the response head. */
  probes: { answered: number; slowest: number; times: number[] };
  /** Stalled streams that the server had ended at the end. */
  stalledClosed: number;
  /** Share of its core that the client has used in the measured time. */
  cpu: number;
}

/** Microseconds from the stamp of an event to its arrival. */
export interface Latency {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** A tenth of a second, seen by checked streams. */
export interface LatencyWindow {
  /** Milliseconds since the measured time began. */
  at: number;
  events: number;
  /** The longest latency, in microseconds. */
  max: number;
}

/** A drained stream with fewer bytes of body has got no event, but a greeting. */
export const LEAST_BYTES = 64;

/** Stamps are the wall clock in microseconds modulo this, so that they have 12 digits. */
export const STAMP_MODULUS = 1e12;

/** Seconds that each part of a plan may take, as the client's clock goes no further. */
const LONGEST = 900;

/** Whether `index` is one of `count` that are evenly spread over `of`. */
export function isAmong(index: number, count: number, of: number): boolean {
  return Math.floor((index + 1) * count / of) > Math.floor(index * count / of);
}

/** Reads a plan, and refuses one that cannot be carried out. */
export function readPlan(text: string): LoadPlan {
  const plan: LoadPlan = JSON.parse(text);
  if (typeof plan.path !== "string" || !plan.path.startsWith("/")) {
    throw new TypeError(
      `A plan needs a path from the root: current value is ${
        JSON.stringify(plan.path)
      }`,
    );
  }
  integer("port", plan.port, 1, 65_535);
  integer("streams", plan.streams, 1, 1_000_000);
  integer("stalled", plan.stalled, 0, plan.streams);
  integer("checked", plan.checked, 0, plan.streams - plan.stalled);
  within("warmUp", plan.warmUp, 0, LONGEST);
  within("seconds", plan.seconds, 0, LONGEST);
  if (plan.until !== undefined) integer("until", plan.until, 1, 2 ** 53 - 1);
  if (plan.publish) within("publish.rate", plan.publish.rate, 0, 10_000_000);
  if (plan.probes) integer("probes.count", plan.probes.count, 0, 10_000);
  return plan;
}

function integer(
  name: string,
  value: number,
  least: number,
  most: number,
): void {
  if (Number.isInteger(value)) return within(name, value, least, most);
  throw new TypeError(
    `'${name}' must be an integer: current value is ${value}`,
  );
}

function within(
  name: string,
  value: number,
  least: number,
  most: number,
): void {
  if (value >= least && value <= most) return;
  throw new RangeError(
    `'${name}' must be from ${least} to ${most}: current value is ${value}`,
  );
}
