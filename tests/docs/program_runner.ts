/**
 * `program_runner.ts PROGRAMS`: imports programs one after the other, which is how the
 * tests run those of the documentation: all of them in one process that goes on until
 * it is killed. Tells on standard output where a program listens or why it failed:
 * after a mark and as a line of JSON each, as programs print what they like.
 *
 * @module
 */
import { SSEServer } from "@sseserver/sseserver";
// Loaded before any program, whose first publication does not wait for long.
import "redis";
import { readFileSync } from "node:fs";
import { Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Failed, MARK, type Program, type Ran } from "./protocol.ts";

/** Milliseconds that a program has to begin, and to send what it should. */
const PATIENCE = 20_000;

let current = "";
/** Where the current program listens, some of which it may not do yet. */
let listening: Promise<number>[] = [];

function tell(line: Ran | Failed): void {
  process.stdout.write(`${MARK}${JSON.stringify(line)}\n`);
}

function fail(error: unknown): void {
  tell({
    name: current,
    error: error instanceof Error ? String(error.stack) : String(error),
  });
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
console.error = (...parts: unknown[]) => fail(parts.join(" "));
console.log = (...parts: unknown[]) => {
  const [, port] = /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(
    parts.join(" "),
  ) ?? [];
  if (port !== undefined) listening.push(Promise.resolve(Number(port)));
};

// What listens with Express and the like says nothing.
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  listening.push(
    new Promise((resolve) =>
      this.once(
        "listening",
        () => resolve((this.address() as AddressInfo).port),
      )
    ),
  );
  return listen.apply(this, args as Parameters<typeof listen>);
} as typeof listen;

/** Hears all that a program broadcasts, from its first event on. */
class Ear {
  /** As it stands on the wire, without the first chunk. */
  heard = "";
  readonly #originals = {
    broadcast: SSEServer.prototype.broadcast,
    publish: SSEServer.prototype.publish,
  };
  #stream: Promise<void> | undefined;

  constructor() {
    const { broadcast, publish } = this.#originals;
    const hear = (sse: SSEServer) => this.#stream ??= this.#listen(sse);
    SSEServer.prototype.broadcast = function (message) {
      hear(this);
      broadcast.call(this, message);
    };
    SSEServer.prototype.publish = function (message) {
      hear(this);
      return publish.call(this, message);
    };
  }

  /** Waits until it has heard so many characters, or long enough. */
  async hears(characters: number): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (this.heard.length < characters && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  [Symbol.dispose](): void {
    Object.assign(SSEServer.prototype, this.#originals);
  }

  async #listen(sse: SSEServer): Promise<void> {
    const request = new Request("http://localhost/subscribe/");
    // At once, where fetch() would take a turn or two.
    const { body } = sse.subscribe(request, "/") as Response;
    for await (const text of body!.pipeThrough(new TextDecoderStream())) {
      this.heard += text.replace(/^:ok\n(retry:\d+\n)?\n/, "");
    }
  }
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Too late: ${what}`)), PATIENCE);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function run({ name, file, sends }: Program): Promise<void> {
  current = name;
  listening = [];
  const ear = sends === undefined ? undefined : new Ear();
  try {
    const program = await within(import(pathToFileURL(file).href), "its start");
    if ("default" in program) await checkHosted(program.default);
    await ear?.hears(sends!);
    const ports = await within(Promise.all(listening), "its listening");
    tell({
      name,
      ports: [...new Set(ports)],
      ...(ear ? { sent: ear.heard } : {}),
    });
  } catch (error) {
    fail(error);
  } finally {
    ear?.[Symbol.dispose]();
  }
}

/** What a host such as `bun run` does with a default export. */
async function checkHosted(hosted: {
  fetch(request: Request, info?: unknown): Response | Promise<Response>;
}): Promise<void> {
  const { status } = await hosted.fetch(
    new Request("http://localhost/subscribe/hosted", { method: "HEAD" }),
  );
  if (status !== 200) throw new Error(`The default export answers ${status}`);
}

const programs: Program[] = JSON.parse(readFileSync(process.argv[2]!, "utf8"));
// First those that are listened to, while no other one broadcasts: some go on doing so.
const isHeard = ({ sends }: Program) => sends !== undefined;
for (const program of programs.filter(isHeard)) await run(program);
for (const program of programs) {
  if (!isHeard(program)) await run(program);
}
