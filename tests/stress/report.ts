import type { Memory } from "./memory.ts";
import type { RoundResult } from "./result.ts";

const MIB = 1024 * 1024;

/** What the server says of itself in the end. */
export interface ServerFigures {
  readonly before: Memory;
  readonly after: Memory;
  readonly metrics: ReadonlyMap<string, number>;
}

/** The figures of a run as a table. */
export function summary(
  result: RoundResult,
  { before, after, metrics }: ServerFigures,
): string {
  const { published, deliveries, connections, endings, gaps } = result;
  const cutOff = [...metrics].flatMap(([name, count]) => {
    const reason = /^sse_evictions_total\{reason="(\w+)"\}$/.exec(name)?.[1];
    return reason === undefined ? [] : [`${reason} ${count}`];
  });
  const rows: [string, string][] = [
    ["events published", `${published}`],
    ["deliveries checked", `${deliveries}`],
    ["connections", `${connections}, ended by: ${list(endings)}`],
    ["resumed", `${result.resumed}`],
    ["gaps", `${list(gaps)}, over ${result.bracketed} events that never came`],
    ["cut off by the server", `${cutOff.join(", ")}, both rounds`],
    [
      "who kept up",
      `${result.steadyCut} cut off, ${result.steadyGaps} told of a gap`,
    ],
    ["repeated", `${result.repeated}`],
    ["lost", `${result.lost}`],
    ["heap, MiB", `${mib(before.heap)} before, ${mib(after.heap)} after`],
    ["resident, MiB", `${mib(before.rss)} before, ${mib(after.rss)} after`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(24)}${value}`).join("\n");
}

function list(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1);
  return parts.map(([name, count]) => `${name} ${count}`).join(", ") || "none";
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
