import type { Latencies } from "./latencies.ts";
import { LEAST_BYTES, type LoadReport } from "./plan.ts";
import type { Probes } from "./probes.ts";
import { peersOf } from "./socket_table.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** What came in the measured time. */
export type Measured = Pick<LoadReport, "seconds" | "bytes" | "events" | "cpu">;

/** All that there is to tell of a load. */
export interface Findings {
  /** The server's. */
  readonly port: number;
  /** Microseconds. */
  readonly openedIn: number;
  readonly measured: Measured;
  readonly streams: Streams;
  readonly latencies: Latencies;
  readonly probes: Probes;
}

/** Reports on a load that is over. */
export function report(
  { port, openedIn, measured, streams, latencies, probes }: Findings,
): LoadReport {
  const { opened, failed, closed, all, bytes } = streams;
  const read = [...all.keys()].filter((number) =>
    all[number]!.opening === undefined && !all[number]!.isStalled
  );
  const checked = read.filter((number) => all[number]!.checker !== undefined);
  const checkers = checked.map((number) => all[number]!.checker!);
  const bytesPerEvent = ratio(
    sum(checked.map((number) => bytes[number]!)),
    sum(checkers.map(({ events }) => events)),
  );
  const { seconds } = measured;
  return {
    opened,
    failed,
    openedIn: openedIn / 1_000,
    closed,
    ...measured,
    bytesPerEvent,
    deliveriesPerSecond: ratio(measured.bytes, bytesPerEvent * seconds),
    lost: sum(checkers.map(({ lost }) => lost)),
    repeated: sum(checkers.map(({ repeated }) => repeated)),
    silent:
      read.filter((number) => isSilent(all[number]!, bytes[number]!)).length,
    streamBytes: spread(read.map((number) => bytes[number]!)),
    latency: latencies.summary(),
    windows: latencies.windows(seconds),
    probes: probes.summary(),
    stalledClosed: countEnded(all, port),
  };
}

/**
 * Stalled streams that the server has ended. Asking them would take long, as the
 * end comes after all that the server's side still holds, a few kilobytes at a time.
 */
function countEnded(all: readonly Stream[], port: number): number {
  const held = peersOf(readTable("tcp") + readTable("tcp6"), port);
  return all.filter(({ isStalled, opening, connection }) =>
    isStalled && opening === undefined && !held.has(connection.name())
  ).length;
}

function readTable(protocol: string): string {
  try {
    return Deno.readTextFileSync(`/proc/net/${protocol}`);
  } catch {
    // Linux may be without IPv6.
    return "";
  }
}

function isSilent({ checker }: Stream, bytes: number): boolean {
  return checker === undefined ? bytes < LEAST_BYTES : checker.events === 0;
}

function spread(values: number[]): LoadReport["streamBytes"] {
  const sorted = values.sort((a, b) => a - b);
  return {
    least: sorted[0] ?? 0,
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    most: sorted.at(-1) ?? 0,
  };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** 0 where there is nothing to divide by. */
function ratio(value: number, by: number): number {
  return by === 0 ? 0 : value / by;
}
