/**
 * A small emojitracker: a feed of made-up emoji, two servers, and Redis between them.
 *
 *     deno run -A examples/emoji/main.ts
 *     bun run examples/emoji/main.ts
 *     npm ci && node examples/emoji/main.ts
 *
 * Then open http://localhost:8001/ and http://localhost:8002/. PORT is the first of
 * the two ports, 0 for any. It starts a Redis of its own unless REDIS_URL names one.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { REDIS, REDIS_HINT, redisCommand } from "./redis.ts";

/** How this runtime runs a file. */
const RUN = [
  process.execPath,
  ...process.versions.deno
    ? ["run", "-A"]
    : process.versions.bun
    ? ["run"]
    : [],
];

const first = Number(process.env.PORT ?? 8001);
const folder = mkdtempSync(path.join(tmpdir(), "emoji-"));
/** In the order in which they are started. */
const children: Child[] = [];
/** The exit code, once all is to end. */
const end = Promise.withResolvers<number>();
let isEnding = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => end.resolve(0));
}
startAll().catch((error) => {
  if (!isEnding) console.error((error as Error).message);
  end.resolve(1);
});
const code = await end.promise;
isEnding = true;
// What uses Redis ends before it does, so that nobody misses it.
for (const child of children.reverse()) await child.end();
rmSync(folder, { recursive: true, force: true });
process.exit(code);

async function startAll(): Promise<void> {
  const url = process.env.REDIS_URL ?? await startRedis();
  const ports = first === 0
    ? [await freePort(), await freePort()] as const
    : [first, first + 1] as const;
  start("generator", runs("generator.ts"), { env: { REDIS_URL: url } });
  await Promise.all(
    ports.map((port, i) =>
      start(`server ${port}`, runs("server.ts"), {
        env: {
          REDIS_URL: url,
          PORT: `${port}`,
          OTHER_PORT: `${ports[1 - i]}`,
        },
        readyLine: "Console at",
      })
    ),
  );
  console.log(`
    Open  http://localhost:${ports[0]}/
    and   http://localhost:${ports[1]}/

Redis is ${url.replace(/\/\/.*@/, "//")}. Ctrl-C ends it all.
`);
}

async function startRedis(): Promise<string> {
  if (REDIS === undefined) throw new Error(REDIS_HINT);
  const port = await freePort();
  await start("redis", redisCommand(port, folder), {
    readyLine: "Ready to accept connections",
    isQuiet: true,
  });
  return `redis://127.0.0.1:${port}`;
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Part of a line which tells that it is ready; by default it is at once. */
  readonly readyLine?: string;
  /** Whether its output matters only if it never gets ready. */
  readonly isQuiet?: boolean;
}

/** Starts a program; resolves once it is ready. When it ends, all ends. */
function start(
  name: string,
  command: readonly string[],
  { env = {}, readyLine = "", isQuiet = false }: StartOptions,
): Promise<void> {
  if (isEnding) return Promise.reject(new Error("It is ending"));
  const ready = Promise.withResolvers<void>();
  const silenced: string[] = [];
  const child = new Child(command, env, (line) => {
    if (line.includes(readyLine)) ready.resolve();
    if (isQuiet) silenced.push(line);
    else console.log(`[${name}] ${line}`);
  });
  if (readyLine === "") ready.resolve();
  children.push(child);
  child.ended.then((how) => {
    if (isEnding) return;
    console.error([...silenced, `${name} has ended with ${how}`].join("\n"));
    end.resolve(1);
  });
  return ready.promise;
}

function runs(file: string): string[] {
  return [...RUN, fileURLToPath(new URL(file, import.meta.url))];
}

/** A port of loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
