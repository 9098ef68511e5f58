import type { Tally } from "./checker.ts";
import type { Client, Ending } from "./client.ts";

/** What happened in a round, to all clients together. */
export interface RoundResult extends Tally {
  /** Events published. */
  readonly published: number;
  readonly connections: number;
  readonly endings: Readonly<Partial<Record<Ending, number>>>;
  /** How often those were cut off who are not restless. */
  readonly steadyCut: number;
  /** How often these were told of a gap, coming back. */
  readonly steadyGaps: number;
}

/** Adds up what happened to the clients of a round. */
export function resultOf(
  clients: readonly Client[],
  endings: RoundResult["endings"],
  published: number,
): RoundResult {
  const sum = (count: (client: Client) => number) =>
    clients.reduce((total, client) => total + count(client), 0);
  const tally = (key: Exclude<keyof Tally, "gaps">) =>
    sum(({ checker }) => checker.tally[key]);
  const gaps: Record<string, number> = {};
  for (const { checker } of clients) {
    for (const [reason, count] of Object.entries(checker.tally.gaps)) {
      gaps[reason] = (gaps[reason] ?? 0) + count;
    }
  }
  const steady = clients.filter(({ restless }) => !restless);
  const steadyGaps = steady.reduce(
    (total, { checker }) =>
      total + Object.values(checker.tally.gaps).reduce((a, b) => a + b, 0),
    0,
  );
  return {
    published,
    endings,
    gaps,
    steadyGaps,
    steadyCut: steady.reduce((total, { cutOff }) => total + cutOff, 0),
    connections: Object.values(endings).reduce((a, b) => a + b, 0),
    deliveries: tally("deliveries"),
    resumed: tally("resumed"),
    bracketed: tally("bracketed"),
    lost: tally("lost"),
    repeated: tally("repeated"),
  };
}

/** What has to happen in a run that is to show anything, and did not. */
export function unproven(
  { deliveries, resumed, gaps, endings }: RoundResult,
): string[] {
  const counts = {
    "was delivered": deliveries,
    "resumed without a gap": resumed,
    "was told of a gap": gaps.trimmed,
    "left by a FIN": endings.fin,
    "left by an RST": endings.rst,
    "stalled": endings["stall, rst"],
  };
  return Object.entries(counts).filter(([, count]) => !count)
    .map(([what]) => `The run shows too little, as nothing ${what}`);
}
