/**
 * A stress of the server over real sockets, on each runtime: hundreds of clients,
 * a third of which are cut at random times, while events are published as fast as
 * can be checked. Every client checks that it gets each event exactly once and in
 * order, or is told of a gap; in the end the server has to be as it was before.
 *
 *     node tests/stress/main.ts [--runtime deno|bun|node|all] [--seconds 60]
 *                               [--seed N] [--clients 500]
 *
 * The seed decides what is published and what every client does and when; how the
 * machine interleaves it is its own affair, so repeat a failure some times.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { Failures } from "./failures.ts";
import { grown } from "./memory.ts";
import { summary } from "./report.ts";
import { unproven } from "./result.ts";
import { RUNTIMES, ServerProcess } from "./server_process.ts";
import { HISTORY } from "./settings.ts";
import { Stress } from "./round.ts";

/** Part of the time that the round before takes, whose memory is the baseline. */
const WARM_UP = 0.25;

interface Arguments {
  readonly runtimes: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      runtime: { type: "string", default: "all" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: `${Math.floor(Math.random() * 1e9)}` },
      clients: { type: "string", default: "500" },
    },
  });
  const runtimes = values.runtime === "all"
    ? Object.keys(RUNTIMES)
    : [values.runtime];
  const [seconds, seed, clients] = [
    values.seconds,
    values.seed,
    values.clients,
  ].map(Number) as [number, number, number];
  if (
    runtimes.some((name) => !(name in RUNTIMES)) ||
    !(seconds > 0) || !Number.isInteger(seed) || !(clients >= 1)
  ) {
    console.error("See the head of tests/stress/main.ts for the arguments");
    process.exit(2);
  }
  return { runtimes, seconds, seed, clients };
}

/** Runs it on one runtime; returns whether all was well. */
async function stress(
  name: string,
  { seconds, seed, clients }: Arguments,
): Promise<boolean> {
  console.log(
    `${name}: ${clients} clients, ${seconds} s, seed ${seed} (publishers wait for the checker)`,
  );
  const failures = new Failures();
  try {
    await using server = await ServerProcess.start(
      name,
      seed,
      (why) => failures.add(why),
    );
    const rounds = new Stress(server, seed, failures);
    await compare(rounds, server, failures, { seconds, seed, clients });
  } catch (error) {
    failures.add(error instanceof Error ? error.stack! : String(error));
  }
  if (failures.count === 0) return true;
  console.log(`  ${failures.count} failures with seed ${seed}:`);
  for (const what of failures.shown) console.log(`    ${what}`);
  console.log(
    `  Again: node tests/stress/main.ts --runtime ${name} --seconds ${seconds} --seed ${seed} --clients ${clients}`,
  );
  return false;
}

/** Two rounds, the first of which says what memory is to be after the second. */
async function compare(
  rounds: Stress,
  server: ServerProcess,
  failures: Failures,
  { seconds, seed, clients }: Omit<Arguments, "runtimes">,
): Promise<void> {
  const progress = (text: string) => {
    if (process.stdout.isTTY) console.log(`  ${text}`);
  };
  // Fills the history, and whatever a runtime keeps for the next connection.
  await rounds.round({
    seed: seed + 1,
    clients,
    seconds: seconds * WARM_UP,
    events: HISTORY.messages,
  }, progress);
  if (failures.count > 0) return;
  const before = await rounds.measure();
  const result = await rounds.round({
    seed,
    clients,
    seconds: seconds * (1 - WARM_UP),
    events: 0,
  }, progress);
  const after = await rounds.measure();
  const metrics = await server.metrics();
  console.log(summary(result, { before, after, metrics }));
  if (failures.count > 0) return;
  for (const what of [...grown(before, after), ...unproven(result)]) {
    failures.add(what);
  }
}

const args = readArguments();
for (const name of args.runtimes) {
  if (!await stress(name, args)) process.exitCode = 1;
}
