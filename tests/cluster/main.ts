/**
 * A stress of several servers on one Redis: one on Deno, one on Bun and one on Node,
 * all of which publish, and hundreds of clients that are cut at random times and come
 * back to whichever. Meanwhile servers, Redis and the network between them fail in
 * every way there is. In the end each client must have got each event that was
 * accepted exactly once and in order, or have been told of a gap.
 *
 *     node tests/cluster/main.ts [--seconds 60] [--seed N] [--clients 300]
 *
 * The seed decides what fails when, and what is published and who comes when; how
 * the machine interleaves it is its own affair, so repeat a failure some times.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { Failures } from "../stress/failures.ts";
import { Random } from "../stress/random.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { sleep, until } from "../tools/waiting.ts";
import { HoppingClient } from "./client.ts";
import { FAULTS, type Targets } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { NAMESPACES } from "./protocol.ts";
import { RedisProxy } from "./redis_proxy.ts";
import { RUNTIMES, ServerProcess } from "./server_process.ts";

/** Milliseconds without a fault, from one to the next, at most. */
const CALM = 900;
/** Longest wait for anything but time itself, in milliseconds. */
const PATIENCE = 60_000;

interface Arguments {
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: `${Math.floor(Math.random() * 1e9)}` },
      clients: { type: "string", default: "300" },
    },
  });
  const seconds = Number(values.seconds);
  const seed = Number(values.seed);
  const clients = Number(values.clients);
  if (!(seconds > 0) || !Number.isInteger(seed) || !(clients >= 1)) {
    console.error("See the head of tests/cluster/main.ts for the arguments");
    process.exit(2);
  }
  return { seconds, seed, clients };
}

/** What a client asks for. */
function namespacesOf(random: Random, i: number): string[] {
  if (i === 0) return ["/"];
  const choices = ["/", "/a", "/b", "/c", "/d", "/quiet", ...NAMESPACES];
  return Array.from(
    { length: random.oneIn(3) ? 2 : 1 },
    () => choices[random.below(choices.length)]!,
  );
}

/** Every fault, in an order of its own each time round, until the time is over. */
async function fail(
  targets: Targets,
  seconds: number,
  counts: Record<string, number>,
): Promise<void> {
  const { random } = targets;
  const end = performance.now() + seconds * 1_000;
  let names: string[] = [];
  for (let round = 0; round === 0 || performance.now() < end;) {
    if (names.length === 0) {
      names = Object.keys(FAULTS)
        .map((name) => ({ name, at: random.next() }))
        .sort((a, b) => a.at - b.at).map(({ name }) => name);
    }
    const name = names.pop()!;
    if (process.stdout.isTTY) console.log(`  ${name}`);
    await FAULTS[name]!(targets);
    counts[name] = (counts[name] ?? 0) + 1;
    await sleep(random.between(100, CALM));
    if (names.length === 0) round++;
  }
}

async function stress(args: Arguments, failures: Failures): Promise<void> {
  const { seconds, seed } = args;
  const fault = (why: string) => failures.add(why);
  const ledger = new Ledger(fault);
  await using redis = await RedisServer.start();
  const proxies = await Promise.all(
    RUNTIMES.map(() => RedisProxy.start(redis.port)),
  );
  const servers = RUNTIMES.map((name, i) =>
    new ServerProcess(name, proxies[i]!.port, ledger, fault)
  );
  const clients = Array.from({ length: args.clients }, (_, i) => {
    const random = Random.nth(seed, i);
    return new HoppingClient(`Client ${i}`, namespacesOf(random, i), {
      ledger,
      ports: () => {
        const ports = servers.map(({ port }) => port).filter(Boolean);
        return ports.length > 0 ? ports : [1];
      },
      fail: fault,
    }, random);
  });
  const counts: Record<string, number> = {};
  try {
    // All at once: they race for the first epoch.
    await Promise.all(servers.map((server, i) => server.start(seed + i)));
    for (const client of clients) client.come();
    await sleep(1_000);
    await fail(
      { redis, proxies, servers, random: new Random(seed) },
      seconds,
      counts,
    );
    await Promise.all(servers.map((server) => server.stop()));
    for (const client of clients) client.settle();
    await until(
      () => clients.every(({ witness }) => witness.hasReached(ledger.last)),
      () => {
        const late = clients.filter(({ witness }) =>
          !witness.hasReached(ledger.last)
        );
        return `${late.length} clients to come to ${
          ledger.last.epoch.toString(36)
        }-${ledger.last.seq}; one is at ${late[0]?.witness.lastEventId}`;
      },
      PATIENCE,
    );
    const states = await Promise.all(servers.map((server) => server.status()));
    judge(clients, ledger, fault, { counts, states });
    for (const client of clients) client.leave();
    await emptied(servers);
  } finally {
    for (const client of clients) client.leave();
    for (const server of servers) server.kill();
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  }
}

function judge(
  clients: readonly HoppingClient[],
  ledger: Ledger,
  fail: (why: string) => void,
  { counts, states }: {
    counts: Record<string, number>;
    states: readonly Awaited<ReturnType<ServerProcess["status"]>>[];
  },
): void {
  const accepted = ledger.inOrder();
  let missing = 0;
  let excused = 0;
  const gaps: Record<string, number> = {};
  const sum = (count: (client: HoppingClient) => number) =>
    clients.reduce((total, client) => total + count(client), 0);
  for (const { witness } of clients) {
    const judged = witness.judge(accepted);
    missing += judged.missing;
    excused += judged.excused;
    for (const [reason, count] of Object.entries(witness.gaps)) {
      gaps[reason] = (gaps[reason] ?? 0) + count;
    }
  }
  const engines = states.map(({ engine }) => engine);
  console.log(
    [
      `${ledger.size} events published: ${ledger.accepted} accepted, ${ledger.refused} refused, ${ledger.unconfirmed} delivered before or without that being known`,
      `${sum(({ witness }) => witness.received)} deliveries over ${
        sum(({ connections }) => connections)
      } connections, ${sum(({ refused }) => refused)} put off`,
      `${missing} missing, ${excused} within gaps: ${JSON.stringify(gaps)}`,
      `faults: ${JSON.stringify(counts)}`,
      `engines: ${JSON.stringify(engines)}`,
    ].map((line) => `  ${line}`).join("\n"),
  );
  const shown = {
    "was accepted": ledger.accepted,
    "was delivered": sum(({ witness }) => witness.received),
    "lay in a gap of an epoch": gaps.epoch,
  };
  for (const [what, count] of Object.entries(shown)) {
    if (!count) fail(`The run shows too little, as nothing ${what}`);
  }
  // All ids are the servers' own, and one that is behind waits for what it lacks.
  if (gaps.unknown) fail(`${gaps.unknown} gaps for no reason`);
  for (const name of Object.keys(FAULTS)) {
    if (!counts[name]) fail(`The run shows too little: not how ${name}`);
  }
  for (const { connected, lag } of engines) {
    if (!connected || lag !== 0) fail("An engine is away or behind in the end");
  }
}

async function emptied(servers: readonly ServerProcess[]): Promise<void> {
  let states: unknown[] = [];
  const look = async () => {
    const all = await Promise.all(servers.map((server) => server.status()));
    states = all.map((
      { total_connections, queue_bytes },
    ) => [total_connections, queue_bytes]);
    return states.flat().every((count) => count === 0);
  };
  const end = performance.now() + PATIENCE;
  while (!await look()) {
    if (performance.now() > end) {
      throw new Error(`Everyone has left, but there is ${states}`);
    }
    await sleep(50);
  }
}

const args = readArguments();
console.log(
  `${args.clients} clients, ${args.seconds} s, seed ${args.seed}, on ${RUNTIMES}`,
);
const failures = new Failures();
if (REDIS === undefined) failures.add(`There is no Redis${REDIS_HINT}`);
else {
  await stress(args, failures).catch((error) => failures.add(error.stack));
}
if (failures.count > 0) {
  console.log(`  ${failures.count} failures with seed ${args.seed}:`);
  for (const what of failures.shown) console.log(`    ${what}`);
  console.log(
    `  Again: node tests/cluster/main.ts --seconds ${args.seconds} --seed ${args.seed} --clients ${args.clients}`,
  );
  process.exitCode = 1;
}
