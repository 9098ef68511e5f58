import { counted, rounded, scaled, type Unit } from "./format.ts";
import { type Measurement, medians } from "./results.ts";

/** How a figure is shown. */
export interface Figure {
  /** What heads its column. */
  readonly label: string;
  /** A value of it with its unit. */
  readonly format: (value: number) => string;
  /** What stands for all rounds instead of their median. */
  readonly worst?: (...values: number[]) => number;
}

const COUNTS: readonly Unit[] = [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]];
const GIGABYTES: readonly Unit[] = [[1e-3, "MB/s"], [1, "GB/s"]];
const NANOSECONDS: readonly Unit[] = [[1, "ns"], [1e3, "µs"], [1e6, "ms"]];
const MICROSECONDS: readonly Unit[] = [[1, "µs"], [1e3, "ms"], [1e6, "s"]];
const MILLISECONDS: readonly Unit[] = [[1, "ms"], [1e3, "s"]];

/** Digits of a figure that varies by little, and of one that does by much. */
const STEADY = 3;
const VARYING = 2;

/** Every figure that a round may have, by its name. To add one, add it here. */
export const FIGURES: Readonly<Record<string, Figure>> = {
  deliveries: { label: "deliveries/s", format: rate },
  broadcasts: { label: "broadcasts/s", format: rate },
  gigabytes: { label: "traffic", format: traffic },

  // Microseconds.
  p50: { label: "p50", format: latency },
  p99: { label: "p99", format: latency },
  p999: { label: "p99.9", format: latency },
  max: { label: "max", format: latency },

  // Bytes.
  memory: { label: "memory/connection", format: fixed(1e3, "KB") },
  resident: { label: "resident", format: fixed(1e6, "MB") },

  // Counts, of which a median would hide the one round in which it went wrong.
  lost: { label: "lost", format: counted, worst: Math.max },
  repeated: { label: "repeated", format: counted, worst: Math.max },
  cutOff: { label: "cut off", format: counted, worst: Math.max },
  answered: { label: "answered", format: counted, worst: Math.min },

  // Milliseconds.
  slowestAnswer: { label: "slowest answer", format: duration },
  recovery: { label: "recovery", format: duration },

  milliseconds: { label: "time", format: duration },

  // Nanoseconds of the case `hub`, a broadcast unless it says otherwise.
  ...nanoseconds([1, 10, 100, 500, 1_000, 10_000], "broadcast", (n) => n),
  ...nanoseconds(
    [1, 10, 100, 500, 1_000, 10_000],
    "perReader",
    (n) => `a reader of ${n}`,
  ),
  ...nanoseconds([100, 1_000, 10_000], "dense", (n) => `95 % of ${n}`),
  ...nanoseconds([100, 1_000, 10_000], "sparse", (n) => `5 % of ${n}`),
  ...nanoseconds([10, 100_000], "same", (n) => `to one of ${n}`),
  ...nanoseconds([10, 100_000], "random", (n) => `to any of ${n}`),

  // Per cent.
  spread: {
    label: "spread",
    format: (value) => `${rounded(value, VARYING)} %`,
  },
};

/** The figure of that name. */
export function figureNamed(name: string): Figure {
  const figure = FIGURES[name];
  if (figure) return figure;
  throw new RangeError(
    `A figure must be one of those in figure.ts: current value is "${name}"`,
  );
}

/** What stands for all rounds of a measurement, which may lack the figure. */
export function valueOf(
  measurement: Measurement,
  name: string,
): number | undefined {
  const { worst } = figureNamed(name);
  const median = medians(measurement)[name];
  if (median === undefined || worst === undefined) return median;
  return worst(...measurement.rounds.map((figures) => figures[name]!));
}

function rate(value: number): string {
  return scaled(value, COUNTS, STEADY);
}

function traffic(value: number): string {
  return scaled(value, GIGABYTES, STEADY);
}

function latency(value: number): string {
  return scaled(value, MICROSECONDS, VARYING);
}

function duration(value: number): string {
  return scaled(value, MILLISECONDS, VARYING);
}

/** The figures of one name for different sizes. */
function nanoseconds(
  sizes: readonly number[],
  name: string,
  label: (size: string) => string,
): Record<string, Figure> {
  return Object.fromEntries(sizes.map((size) => [
    `${name}${size}`,
    {
      label: label(size.toLocaleString("en")),
      format: (value: number) => scaled(value, NANOSECONDS, VARYING),
    },
  ]));
}

/** Formats in one unit, for values that are of the same size everywhere. */
function fixed(size: number, unit: string): (value: number) => string {
  return (value) => `${rounded(value / size, STEADY)} ${unit}`;
}
