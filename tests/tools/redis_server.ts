import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createClient } from "redis";
import { freePort } from "./free_port.ts";
import { REDIS } from "./redis.ts";
import { until } from "./waiting.ts";

export { REDIS, REDIS_HINT } from "./redis.ts";

/** A Redis of its own, with an append-only file in a folder of its own. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#folder = mkdtempSync(path.join(tmpdir(), "sseserver-redis-"));
  }

  /** Starts one on a free port. */
  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where it is. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, with what it has kept. */
  async start(): Promise<void> {
    const child = this.#child = spawn(REDIS!, [
      ...["--port", `${this.port}`, "--bind", "127.0.0.1"],
      ...["--dir", this.#folder, "--save", "", "--appendonly", "yes"],
      ...this.#args,
    ]);
    let hasEnded = false;
    child.on("close", () => hasEnded = true);
    child.stdout!.on("data", (text) => this.#output += text);
    let answers = false;
    const knock = () => {
      const socket = connect(this.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (/^(\+PONG|-NOAUTH)/.test(`${bytes}`)) answers = true;
        socket.destroy();
      });
      socket.write("PING\r\n");
    };
    await until(() => {
      if (hasEnded) throw new Error(`Redis: ${this.#output}`);
      if (!answers) knock();
      return answers;
    }, () => `Redis to listen: ${this.#output}`);
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    // Not child.kill(): see Program.
    if (this.#child?.pid !== undefined) process.kill(this.#child.pid, name);
  }

  /** Ends it without a chance to save anything. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    let hasEnded = child.exitCode !== null || child.signalCode !== null;
    child.on("close", () => hasEnded = true);
    if (!hasEnded) process.kill(child.pid!, "SIGKILL");
    await until(() => hasEnded, "the end of Redis");
  }

  /** Has it run commands. */
  async run(...commands: string[][]): Promise<unknown[]> {
    const client = createClient({ url: this.url });
    client.on("error", () => {});
    await client.connect();
    try {
      const replies: unknown[] = [];
      for (const command of commands) {
        replies.push(await client.sendCommand(command));
      }
      return replies;
    } finally {
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
