/**
 * One of the servers under stress, in a process of its own: serves, and publishes
 * bursts of events with a number each; tells what becomes of every one.
 *
 *     deno run -A tests/cluster/server.ts REDIS_PORT NAME SEED
 *
 * It ends when stdin does, so that it never outlives the driver.
 *
 * @module
 */
import { SSEServer } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import process from "node:process";
import { createInterface } from "node:readline";
import { Random } from "../stress/random.ts";
import { type Ask, KEEP_ALIVE, NAMESPACES, type Told } from "./protocol.ts";

/** Milliseconds between bursts. */
const PACE = 20;
/** Most events in one. */
const BURST = 12;
/** One event in so many is large. */
const LARGE = 40;

const [port, name, seed] = process.argv.slice(2);
const random = new Random(Number(seed));
let publishing = false;
let count = 0;
let pending = 0;

function say(told: Told): void {
  process.stdout.write(JSON.stringify(told) + "\n");
}

const sse = new SSEServer({
  engine: redis({ url: `redis://127.0.0.1:${port}` }),
  history: { messages: 50_000, bytes: 64 * 1024 * 1024, age: 600_000 },
  keepAlive: KEEP_ALIVE,
  retry: false,
  admin: true,
  // What Redis is made to do is reported: it is no failure.
  onError() {},
});

async function publish(): Promise<void> {
  const n = ++count;
  const namespace = NAMESPACES[random.below(NAMESPACES.length)]!;
  const size = random.oneIn(LARGE) ? random.below(20_000) : random.below(200);
  say({ sent: [n, namespace] });
  pending++;
  try {
    const id = await sse.publish({
      namespace,
      data: `${name} ${n} ${namespace} ${"x".repeat(size)}`,
    });
    say({ accepted: [n, id] });
  } catch (error) {
    // One that has timed out may have been accepted.
    const { name, message } = error as Error;
    if (name !== "TimeoutError") say({ refused: [n, message] });
  }
  pending--;
  if (!publishing && pending === 0) say({ idle: true });
}

setInterval(() => {
  if (!publishing) return;
  for (let i = random.below(BURST); i > 0; i--) publish();
}, PACE);

const handle = await sse.serve({
  port: 0,
  hostname: "127.0.0.1",
  log: false,
  signals: false,
});
say({ port: handle.port });
for await (const line of createInterface({ input: process.stdin })) {
  const ask: Ask = JSON.parse(line);
  if (ask.publish === undefined) continue;
  publishing = ask.publish;
  if (!publishing && pending === 0) say({ idle: true });
}
process.exit();
