import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { ROOT, runtime } from "../tools/command.ts";
import { until } from "../tools/waiting.ts";
import type { Ledger } from "./ledger.ts";
import type { Ask, Told } from "./protocol.ts";

/** How each runtime runs a program. */
const RUN: Readonly<Record<string, readonly string[]>> = {
  deno: ["run", "-A", "--no-check"],
  bun: ["run"],
  node: [],
};

/** The runtimes, one for each of the servers. */
export const RUNTIMES: readonly string[] = Object.keys(RUN);

/** Milliseconds that a server has to start: it waits for Redis. */
const START_TIME = 60_000;

/** One of the servers, seen from the driver. It may be killed, and started again. */
export class ServerProcess {
  /** Where it listens; 0 while it does not. */
  port = 0;

  readonly #runtime: string;
  readonly #redisPort: number;
  readonly #ledger: Ledger;
  readonly #fail: (why: string) => void;
  #child: ChildProcess | undefined;
  #starts = 0;
  #isIdle = false;

  constructor(
    runtime: string,
    redisPort: number,
    ledger: Ledger,
    fail: (why: string) => void,
  ) {
    this.#runtime = runtime;
    this.#redisPort = redisPort;
    this.#ledger = ledger;
    this.#fail = fail;
  }

  /** Starts it, under a name of its own, and has it publish. */
  async start(seed: number): Promise<void> {
    const name = `${this.#runtime}${++this.#starts}`;
    const child = this.#child = spawn(
      runtime(this.#runtime),
      [
        ...RUN[this.#runtime]!,
        "tests/cluster/server.ts",
        `${this.#redisPort}`,
        name,
        `${seed}`,
      ],
      { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
    );
    child.stdin!.on("error", () => {});
    child.on("exit", (code, signal) => {
      if (this.#child !== child) return;
      this.port = 0;
      this.#fail(`${name} ended with ${code ?? signal}`);
    });
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const told: Told = JSON.parse(line);
      if (told.port !== undefined) this.port = told.port;
      if (told.idle) this.#isIdle = true;
      const { sent, accepted, refused } = told;
      if (sent) this.#ledger.sent(`${name} ${sent[0]}`, sent[1]);
      if (accepted) this.#ledger.accept(`${name} ${accepted[0]}`, accepted[1]);
      if (refused) this.#ledger.refuse(`${name} ${refused[0]}`, refused[1]);
    });
    await until(
      () => this.port > 0 || this.#child !== child,
      `${name} to listen`,
      START_TIME,
    );
    this.#ask({ publish: true });
  }

  /** Ends it without a chance to do anything about it. */
  kill(): void {
    const child = this.#child;
    this.#child = undefined;
    this.port = 0;
    if (child?.pid !== undefined) process.kill(child.pid, "SIGKILL");
  }

  /** Has it publish no more; resolves once nothing is waited for. */
  async stop(): Promise<void> {
    this.#isIdle = false;
    this.#ask({ publish: false });
    await until(() => this.#isIdle, `${this.#runtime} to be idle`, 20_000);
  }

  /** What its console says of it. */
  async status(): Promise<{
    total_connections: number;
    queue_bytes: number;
    engine: {
      connected: boolean;
      lag: number;
      repairs: number;
      losses: number;
    };
  }> {
    const url = `http://127.0.0.1:${this.port}/admin/status.json`;
    return await (await fetch(url)).json();
  }

  #ask(ask: Ask): void {
    this.#child?.stdin?.write(JSON.stringify(ask) + "\n");
  }
}
