/**
 * What a benchmark has measured, and the file that keeps it.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ROOT } from "../../tools/command.ts";
import { count, list, number, record, text } from "./fields.ts";
import { checkMachine, type Machine } from "./machine.ts";

/** All that was measured on one machine. */
export interface Results {
  readonly machine: Machine;
  /** The day of the last run, as an ISO date. */
  readonly measured: string;
  /** Rounds that every measurement has, at least. */
  readonly rounds: number;
  readonly measurements: readonly Measurement[];
}

/** What one contender did in one case. */
export interface Measurement {
  /** The name of the case. */
  readonly case: string;
  /** What was measured, as it is shown; ends in ` on` and a runtime if it has one. */
  readonly contender: string;
  /** The figures of every round, by their names in `figure.ts`; the same in each. */
  readonly rounds: readonly Readonly<Record<string, number>>[];
}

/** Where the project keeps the results that its documents show. */
export const RESULTS_FILE: string = path.join(ROOT, "tests/bench/results.json");

/** The value in the middle, or the mean of the two that are. */
export function median(values: readonly number[]): number {
  if (values.length === 0) {
    throw new RangeError("There is no median of nothing: current length is 0");
  }
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of every figure over the rounds. */
export function medians({ rounds }: Measurement): Record<string, number> {
  return Object.fromEntries(
    Object.keys(rounds[0] ?? {}).map((name) => [
      name,
      median(rounds.map((figures) => figures[name]!)),
    ]),
  );
}

/** The results in the file; `undefined` as long as there is no file. */
export function load(file: string = RESULTS_FILE): Results | undefined {
  if (!existsSync(file)) return undefined;
  const name = path.relative(ROOT, file);
  return checkResults(parse(readFileSync(file, "utf8"), name), name);
}

/** Writes the results as {@linkcode load} reads them and `deno fmt` leaves them. */
export function save(results: Results, file: string = RESULTS_FILE): void {
  const checked = checkResults(results, "Results");
  writeFileSync(file, `${JSON.stringify(checked, null, 2)}\n`);
}

/**
 * The results after a run that may have been one of a few cases or contenders: what
 * it measured replaces the same of the old ones, in its place. Nothing of these
 * stays if the machine or a version on it is another, as a table compares its lines.
 */
export function merge(old: Results | undefined, fresh: Results): Results {
  if (!old || !isDeepStrictEqual(old.machine, fresh.machine)) return fresh;
  const rest = new Map(fresh.measurements.map((one) => [key(one), one]));
  const measurements: Measurement[] = [];
  for (const one of old.measurements) {
    measurements.push(rest.get(key(one)) ?? one);
    rest.delete(key(one));
  }
  measurements.push(...rest.values());
  return {
    ...fresh,
    rounds: Math.min(...measurements.map(({ rounds }) => rounds.length)),
    measurements,
  };
}

function key(measurement: Measurement): string {
  return `${measurement.case}\n${measurement.contender}`;
}

function parse(json: string, name: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const { message } = error as SyntaxError;
    throw new SyntaxError(`Cannot parse ${name}: ${message}`, { cause: error });
  }
}

function checkResults(value: unknown, name: string): Results {
  const results = record(value, name);
  return {
    machine: checkMachine(results.machine, `${name}: machine`),
    measured: text(results.measured, `${name}: measured`),
    rounds: count(results.rounds, `${name}: rounds`),
    measurements: list(results.measurements, `${name}: measurements`)
      .map((one, i) => checkMeasurement(one, `${name}: measurements[${i}]`)),
  };
}

function checkMeasurement(value: unknown, at: string): Measurement {
  const measurement = record(value, at);
  const rounds = list(measurement.rounds, `${at}.rounds`)
    .map((one, i) => checkFigures(one, `${at}.rounds[${i}]`));
  count(rounds.length, `${at}.rounds.length`);
  const [first, ...others] = rounds.map((one) =>
    Object.keys(one).sort().join()
  );
  const other = others.findIndex((names) => names !== first);
  if (other !== -1) {
    throw new TypeError(
      `${at}.rounds[${other + 1}] must have the figures of the first round, ` +
        `${first}: current ones are ${others[other]}`,
    );
  }
  return {
    case: text(measurement.case, `${at}.case`),
    contender: text(measurement.contender, `${at}.contender`),
    rounds,
  };
}

function checkFigures(value: unknown, at: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(record(value, at))
      .map(([name, figure]) => [name, number(figure, `${at}.${name}`)]),
  );
}
