/**
 * The server under stress, in a process of its own: publishes as fast as it is
 * let, on a runtime of the driver's choice.
 *
 *     deno run -A tests/stress/server.ts SEED
 *
 * Takes commands on stdin and answers on stdout, one JSON value a line; see
 * `ServerProcess`. It ends when stdin does, so that it never outlives the driver.
 *
 * @module
 */
import { SSEServer } from "@sseserver/sseserver";
import process from "node:process";
import { createInterface } from "node:readline";
import { sampleMemory } from "./memory.ts";
import { Publishers } from "./publishers.ts";
import type { Answer, Command } from "./server_process.ts";
import {
  BUFFERED_BYTES,
  HISTORY,
  KEEP_ALIVE,
  MAX_LAG,
  STALL_TIMEOUT,
} from "./settings.ts";

function say(answer: Answer): void {
  process.stdout.write(JSON.stringify(answer) + "\n");
}

function report(error: unknown): void {
  say({ error: error instanceof Error ? error.stack ?? "" : String(error) });
}

const sse = new SSEServer({
  history: HISTORY,
  keepAlive: KEEP_ALIVE,
  maxLag: MAX_LAG,
  stallTimeout: STALL_TIMEOUT,
  limits: { bufferedBytes: BUFFERED_BYTES },
  admin: true,
  onError: report,
});
const publishers = new Publishers(sse, Number(process.argv[2]));
const epoch = await publishers.first();
const { port } = await sse.serve({
  port: 0,
  hostname: "127.0.0.1",
  log: false,
  signals: false,
});
publishers.start(report);
say({ port, epoch });

for await (const line of createInterface({ input: process.stdin })) {
  const command: Command = JSON.parse(line);
  if (command.limit !== undefined) publishers.raise(command.limit);
  if (command.stop) say({ stopped: publishers.stop() });
  if (command.measure) say({ memory: await sampleMemory() });
}
process.exit();
