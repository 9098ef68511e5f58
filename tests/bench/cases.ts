import type { Contender, Kind } from "./contender.ts";
import { hub } from "./hub.ts";
import type { LoadReport } from "./load/plan.ts";
import { measure, type Measured, type Outcome } from "./measure.ts";
import type { Case } from "./results/case.ts";
import type { Scale } from "./scale.ts";

/** What a round of a case has found; names as in `results/figure.ts`. */
export type Figures = Record<string, number>;

/** A case, and how it is measured. */
export interface BenchCase extends Case {
  /** Who takes part. */
  readonly kinds: readonly Kind[];
  run(contender: Contender, scale: Scale): Promise<Figures>;
}

/** Broadcasts a second that no server can deliver to 1,000 clients: about four times too many. */
const OVERLOAD = 500_000;
/** Milliseconds that it lasts. */
const OVERLOADED = 1_000;
/** Microseconds: a server that has recovered is no slower. */
const RECOVERED = 100_000;
/** Broadcasts a second at which peers delivered most; more made them deliver less. */
const PEERS: Readonly<Record<string, number>> = {
  "nchan": 1_000,
  "better-sse on Node": 400,
  "streamSSE on Bun": 250,
  "streamSSE on Deno": 100,
  "streamSSE on Node": 60,
};
/** Messages that each client has missed in `replay`. */
const MISSED = 100;

/** All cases, in the order in which they are shown. */
export const CASES: readonly BenchCase[] = [
  {
    name: "flood",
    title:
      "100,000 broadcasts/s of 28 bytes to 1,000 clients; to peers as many as they deliver most of.",
    isMain: true,
    kinds: ["sseserver", "nchan", "better-sse", "streamSSE"],
    figures: ["deliveries", "gigabytes", "p50", "p99", "lost", "spread"],
    ratio: { figure: "deliveries", to: "streamSSE" },
    run: async (contender, scale) => {
      const rate = PEERS[contender.name] ?? 100_000;
      const { report } = await thousand(contender, scale, rate);
      return { ...arrival(report), ...traffic(report) };
    },
  },
  ...[200, 1_000].map((rate): BenchCase => ({
    name: `paced-${rate}`,
    title: `${rate.toLocaleString("en")} broadcasts/s to 1,000 clients.`,
    kinds: ["sseserver", "nchan", "better-sse"],
    figures: ["p50", "p99", "p999", "deliveries", "lost"],
    ratio: { figure: "p99", to: "nchan" },
    run: async (contender, { part, ...scale }) => {
      const { report } = await thousand(
        contender,
        { ...scale, part: 1 },
        rate,
        part,
      );
      return arrival(report);
    },
  })),
  {
    name: "wide",
    title:
      "50,000 broadcasts/s, each to a random one of 10,000 namespaces with a client each.",
    kinds: ["sseserver"],
    figures: ["deliveries", "p50", "p99", "lost"],
    run: async (contender, scale) => {
      const streams = 10_000 * scale.part;
      const { report } = await measure(contender, {
        load: {
          ...times(scale),
          streams,
          path: "/subscribe/wide/*",
          checked: streams,
          stalled: 0,
        },
        publishing: {
          rate: 50_000 * scale.part,
          namespace: "/wide/*",
          among: streams,
        },
      });
      return {
        ...arrival(report),
        deliveries: report.events / report.seconds,
      };
    },
  },
  {
    name: "sets",
    title:
      "20,000 broadcasts/s to a namespace that 1,000 clients hear beside one of their own.",
    kinds: ["sseserver"],
    figures: ["deliveries", "p50", "p99", "lost", "spread"],
    run: async (contender, scale) => {
      const { report } = await thousand(contender, scale, 20_000, 1, {
        path: "/subscribe?ns=/users/*&ns=/bench",
      });
      return { ...arrival(report), ...traffic(report) };
    },
  },
  {
    name: "crowd",
    title: "18,000 clients, 10 broadcasts/s (Node: 3).",
    kinds: ["sseserver", "nchan", "bare"],
    figures: ["memory", "p50", "p99", "lost", "cutOff"],
    run: async (contender, scale) => {
      const streams = 18_000 * scale.part;
      const rate = contender.kind === "bare"
        ? 0
        : contender.runtime === "node"
        ? 3
        : 10;
      const { report, idle, open } = await measure(contender, {
        load: {
          ...times(scale),
          ...contender.kind === "bare" ? { warmUp: 0, seconds: 2 } : {},
          streams,
          checked: contender.kind === "bare" ? 0 : streams,
          stalled: 0,
        },
        publishing: { rate, namespace: "/bench" },
      }, true);
      const memory = { memory: (open - idle) / report.opened };
      return contender.kind === "bare"
        ? memory
        : { ...memory, ...arrival(report) };
    },
  },
  {
    name: "overload",
    title: `${
      OVERLOAD.toLocaleString("en")
    } broadcasts/s to 1,000 clients for a second, which takes longer to deliver; before and after that 1,000. Meanwhile 20 more clients come.`,
    kinds: ["sseserver"],
    figures: [
      "deliveries",
      "cutOff",
      "lost",
      "answered",
      "slowestAnswer",
      "resident",
      "recovery",
    ],
    run: async (contender, { warmUp, seconds, part }) => {
      const calm = { rate: 1_000 * part, namespace: "/bench" };
      const { report, peak } = await thousand(
        contender,
        // A second of overload, and as long again as it takes to recover.
        { warmUp, seconds: 1 + seconds * 2.25, part },
        1_000,
        1,
        { probes: { count: 20 } },
        [
          {
            after: warmUp,
            publishing: { ...calm, rate: OVERLOAD * part },
          },
          { after: warmUp + OVERLOADED / 1_000, publishing: calm },
        ],
      );
      return {
        ...arrival(report),
        deliveries: saturated(report),
        answered: report.probes.answered,
        slowestAnswer: report.probes.slowest,
        resident: peak,
        recovery: recovery(report),
      };
    },
  },
  {
    name: "one",
    title: "One client, 1,000 broadcasts/s.",
    kinds: ["sseserver", "nchan", "better-sse"],
    figures: ["p50", "p99", "lost"],
    run: async (contender, scale) => {
      const { report } = await measure(contender, {
        load: { ...times(scale), streams: 1, checked: 1, stalled: 0 },
        publishing: { rate: 1_000, namespace: "/bench" },
      });
      return arrival(report);
    },
  },
  {
    name: "slow",
    title: "20,000 broadcasts/s to 1,000 clients of which 100 read nothing.",
    kinds: ["sseserver"],
    figures: ["deliveries", "p50", "p99", "lost", "cutOff", "resident"],
    run: async (contender, scale) => {
      const { report, peak } = await thousand(contender, scale, 20_000, 1, {
        stalled: 100 * scale.part,
      });
      return { ...arrival(report), cutOff: report.closed, resident: peak };
    },
  },
  {
    name: "replay",
    title:
      `10,000 clients come back at once, each of which has missed ${MISSED} messages.`,
    kinds: ["sseserver"],
    figures: ["milliseconds", "lost", "repeated", "resident"],
    run: async (contender, scale) => {
      const streams = 10_000 * scale.part;
      const { report, peak } = await measure(contender, {
        server: { history: true, before: MISSED },
        load: {
          warmUp: 0,
          seconds: 60,
          until: MISSED,
          streams,
          checked: streams,
          stalled: 0,
        },
        publishing: { rate: 0, namespace: "/bench" },
      });
      return {
        milliseconds: report.openedIn + report.seconds * 1_000,
        lost: report.lost + report.silent,
        repeated: report.repeated,
        resident: peak,
      };
    },
  },
  ...hub,
];

/** A load of 1,000 clients of one namespace, of whom 100 are checked. */
function thousand(
  contender: Contender,
  scale: Scale,
  rate: number,
  slower = 1,
  more: Partial<Measured["load"]> = {},
  then?: Measured["then"],
): Promise<Outcome> {
  const streams = 1_000 * scale.part;
  return measure(contender, {
    load: {
      ...times(scale),
      streams,
      checked: Math.min(100, streams - (more.stalled ?? 0)),
      stalled: 0,
      ...more,
    },
    publishing: {
      rate: rate * scale.part * slower,
      namespace: "/bench",
    },
    ...then === undefined ? {} : { then },
  });
}

function times({ warmUp, seconds }: Scale): Pick<Scale, "warmUp" | "seconds"> {
  return { warmUp, seconds };
}

/** What came, and when. */
function arrival({ latency, ...report }: LoadReport): Figures {
  const { p50, p99, p999 } = latency;
  return {
    p50,
    p99,
    p999,
    deliveries: report.deliveriesPerSecond,
    lost: report.lost + report.repeated + report.silent,
    cutOff: report.closed,
  };
}

/** How much came, and how evenly. */
function traffic({ streamBytes, bytes, seconds }: LoadReport): Figures {
  const { least, median, most } = streamBytes;
  return {
    gigabytes: bytes / seconds / 1e9,
    spread: Math.max(median - least, most - median) / median * 100,
  };
}

/** Deliveries a second on all streams while more was broadcast than that. */
function saturated({ windows, opened }: LoadReport): number {
  const [from, to] = [OVERLOADED / 2, OVERLOADED * 2];
  const events = windows.filter(({ at }) => at >= from && at < to)
    .reduce((sum, window) => sum + window.events, 0);
  const checked = Math.min(100, opened);
  return events / ((to - from) / 1_000) * opened / checked;
}

/** Milliseconds after the overload, from which on no event was late. */
function recovery({ windows }: LoadReport): number {
  const late = windows.filter(({ max, events }) =>
    events > 0 && max > RECOVERED
  );
  const last = late.at(-1);
  return last === undefined ? 0 : Math.max(0, last.at + 100 - OVERLOADED);
}
