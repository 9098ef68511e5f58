import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { clearTimeout, setTimeout } from "node:timers";
import { ROOT, runtime } from "../tools/command.ts";
import type { Memory } from "./memory.ts";

/** What the driver asks for; each field is a wish of its own. */
export interface Command {
  /** Publish as fast as can be, up to this event. */
  readonly limit?: number;
  /** Publish no more, and say which event was the last. */
  readonly stop?: boolean;
  /** Collect garbage and measure memory. */
  readonly measure?: boolean;
}

/** What the server says. */
export interface Answer {
  /** It listens there, having published the first event. */
  readonly port?: number;
  readonly epoch?: string;
  readonly stopped?: number;
  readonly memory?: Memory;
  /** Something went wrong in it. */
  readonly error?: string;
}

/** The runtimes, and how each starts a program that may collect garbage itself. */
export const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  deno: ["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
  bun: ["run"],
  node: ["--expose-gc"],
};

/** Milliseconds that it has to end by itself. */
const GRACE = 10_000;

/** The server under stress, seen from the driver. */
export class ServerProcess implements AsyncDisposable {
  /** Where it listens. */
  port = 0;
  /** The epoch of its ids. */
  epoch = "";

  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #awaited: ((answer: Answer) => void) | undefined;

  private constructor(
    name: string,
    seed: number,
    fail: (why: string) => void,
  ) {
    this.#child = spawn(
      runtime(name),
      [...RUNTIMES[name]!, "tests/stress/server.ts", `${seed}`],
      { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
    );
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", ({ message }) => {
        fail(`The server did not start: ${message}`);
        resolve();
      });
      this.#child.on("exit", (code, signal) => {
        if (code !== 0) fail(`The server ended with ${code ?? signal}`);
        resolve();
      });
    });
    // A command that comes too late shows as the end of the process.
    this.#child.stdin!.on("error", () => {});
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const answer: Answer = JSON.parse(line);
      if (answer.error !== undefined) fail(`In the server: ${answer.error}`);
      else this.#awaited?.(answer);
    });
  }

  /** Starts it and waits until it listens; `fail` is told of what goes wrong in it. */
  static async start(
    name: string,
    seed: number,
    fail: (why: string) => void,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(name, seed, fail);
    const { port, epoch } = await server.#answer();
    server.port = port!;
    server.epoch = epoch!;
    return server;
  }

  /** Lets it publish up to an event. */
  raise(limit: number): void {
    this.#tell({ limit });
  }

  /** Has it publish no more; resolves with the last event. */
  async stop(): Promise<number> {
    this.#tell({ stop: true });
    return (await this.#answer()).stopped!;
  }

  /** What memory it takes after its garbage was collected. */
  async measure(): Promise<Memory> {
    this.#tell({ measure: true });
    return (await this.#answer()).memory!;
  }

  /** What the console's status says. */
  async status(): Promise<Record<string, unknown>> {
    return await (await this.#get("/admin/status.json")).json();
  }

  /** Its counters by name, with labels as Prometheus writes them. */
  async metrics(): Promise<Map<string, number>> {
    const text = await (await this.#get("/admin/metrics")).text();
    return new Map(
      text.split("\n").filter((line) => /^\w/.test(line)).map((line) => {
        const end = line.lastIndexOf(" ");
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), GRACE);
    await this.#ended;
    clearTimeout(timer);
  }

  #get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`);
  }

  #tell(command: Command): void {
    this.#child.stdin!.write(JSON.stringify(command) + "\n");
  }

  async #answer(): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.#awaited = resolve);
    const gone = this.#ended.then(() => {
      throw new Error("The server has ended");
    });
    gone.catch(() => {});
    return await Promise.race([answer, gone]);
  }
}
