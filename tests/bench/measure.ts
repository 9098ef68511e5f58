import { setTimeout } from "node:timers/promises";
import type { Contender } from "./contender.ts";
import { startLoad } from "./load/client.ts";
import type { LoadPlan, LoadReport } from "./load/plan.ts";
import { CORES, type Server } from "./server.ts";
import type { Publishing, ServerOptions } from "./servers/command.ts";
import { startServer } from "./start.ts";

/** Milliseconds between two looks at the server's memory. */
const LOOK = 100;

/** What is measured. */
export interface Measured {
  /** What the server is started with. */
  readonly server?: ServerOptions;
  /** What is put on it; `port` and `path` of its own unless given. */
  readonly load: Omit<LoadPlan, "port" | "path"> & { readonly path?: string };
  /** What is broadcast once all streams are open. */
  readonly publishing: Publishing;
  /** What is broadcast from so many seconds after their opening on instead. */
  readonly then?: readonly {
    readonly after: number;
    readonly publishing: Publishing;
  }[];
}

/** What was measured. */
export interface Outcome {
  readonly report: LoadReport;
  /** Resident memory of the server in bytes: before anybody came, */
  readonly idle: number;
  /** with all streams open and the garbage collected, where that was asked for, */
  readonly open: number;
  /** and the most of it. */
  readonly peak: number;
}

/** Puts a load on a contender. */
export async function measure(
  contender: Contender,
  { server: options, load, publishing, then = [] }: Measured,
  collect = false,
): Promise<Outcome> {
  await using server = await startServer(contender, options);
  const idle = collect ? await server.residentAfterGC() : server.resident();
  await using client = startLoad(planFor(server, load, publishing), {
    core: CORES.load,
  });
  await client.opened;
  let open = idle;
  if (collect) {
    // Hosts tidy up after the last connections.
    await setTimeout(1_000);
    open = await server.residentAfterGC();
  }
  server.publish(publishing);
  let peak = open;
  const looking = setInterval(() => {
    peak = Math.max(peak, server.resident());
  }, LOOK);
  const changes = then.map(({ after, publishing }) =>
    globalThis.setTimeout(() => server.publish(publishing), after * 1_000)
  );
  try {
    return { report: await client.report, idle, open, peak };
  } finally {
    clearInterval(looking);
    for (const change of changes) clearTimeout(change);
  }
}

function planFor(
  server: Server,
  load: Measured["load"],
  { rate }: Publishing,
): LoadPlan {
  const { port, path, publishPath, lastEventId } = server;
  const plan: LoadPlan = { path, ...load, port };
  if (publishPath !== undefined) {
    plan.publish = { path: publishPath, rate };
  }
  if (lastEventId !== undefined) {
    plan.headers = { ...load.headers, "Last-Event-ID": lastEventId };
  }
  return plan;
}
