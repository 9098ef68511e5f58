import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../tools/command.ts";
import type { Block } from "../tools/markdown.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { until } from "../tools/waiting.ts";
import { type Failed, MARK, type Program, type Ran } from "./protocol.ts";

/** Programs import the package by name, so they have to lie within it. */
const FIXTURES = path.join(ROOT, "tests/fixtures");

const RUN = {
  deno: ["run", "-A", "--no-check", "--no-prompt"],
  bun: ["run"],
  node: [],
};

/** A program of the documentation, and what is to be seen of it. */
export interface Documented {
  readonly block: Block;
  /** What it should send to a stream of `/`. */
  readonly sends: string | undefined;
}

/** Programs of the documentation that run, in one process of this runtime. */
export class RunningPrograms implements AsyncDisposable {
  /** What each has brought about, by the name of its block. */
  readonly ran: Map<string, Ran> = new Map();
  readonly failures: Failed[] = [];

  readonly #folder: string;
  readonly #child: ChildProcess;
  #errors = "";
  #ended: number | string | undefined;

  /** @param redis URL of the Redis that they use. */
  constructor(programs: readonly Documented[], redis: string | undefined) {
    this.#folder = path.join(FIXTURES, `docs_${process.pid}`);
    mkdirSync(this.#folder, { recursive: true });
    const list = programs.map(({ block, sends }, i): Program => {
      const file = path.join(this.#folder, `${i}.ts`);
      writeFileSync(file, onLoopback(block.code, redis));
      const name = nameOf(block);
      return sends === undefined
        ? { name, file }
        : { name, file, sends: sends.length };
    });
    const listFile = path.join(this.#folder, "programs.json");
    writeFileSync(listFile, JSON.stringify(list));
    const runner = path.join(ROOT, "tests/docs/program_runner.ts");
    this.#child = spawn(
      process.execPath,
      [...RUN[RUNTIME], runner, listFile],
      {
        cwd: ROOT,
        // Without what has Node's tests in it report to these as to their parent.
        env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
      },
    );
    let output = "";
    this.#child.stdout!.on("data", (text) => {
      const lines = (output + text).split("\n");
      output = lines.pop()!;
      for (const line of lines) {
        const at = line.indexOf(MARK);
        if (at !== -1) this.#take(JSON.parse(line.slice(at + MARK.length)));
      }
    });
    this.#child.stderr!.on("data", (text) => this.#errors += text);
    this.#child.on("error", (error) => this.#ended = error.message);
    this.#child.on("exit", (code, signal) => this.#ended = code ?? signal!);
  }

  /** Waits until a program has begun; throws if it did not. */
  async started(block: Block): Promise<Ran> {
    const name = nameOf(block);
    const failed = () => this.failures.find((one) => one.name === name);
    const isKnown = () =>
      this.ran.has(name) || failed() !== undefined || this.hasEnded;
    // They take turns, so each of them is waited for.
    while (!isKnown()) {
      const begun = this.#begun;
      await until(
        () => isKnown() || this.#begun > begun,
        () => `${name} to start: ${this.#errors}`,
      );
    }
    const error = failed()?.error;
    if (error !== undefined) throw new Error(`${name} failed: ${error}`);
    const ran = this.ran.get(name);
    if (ran === undefined) {
      throw new Error(
        `The process ended with ${this.#ended} before ${name}: ${this.#errors}`,
      );
    }
    return ran;
  }

  /** How many have begun, or failed. */
  get #begun(): number {
    return this.ran.size + this.failures.length;
  }

  /** Whether the process has ended, which it never does by itself. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not child.kill(): see Program.
    if (!this.hasEnded) process.kill(this.#child.pid!, "SIGKILL");
    await until(() => this.hasEnded, "the end of the programs");
    rmSync(this.#folder, { recursive: true });
    try {
      rmdirSync(FIXTURES);
    } catch {
      // Another program's file is still in it.
    }
  }

  #take(told: Ran | Failed): void {
    if ("error" in told) this.failures.push(told);
    else this.ran.set(told.name, told);
  }
}

/** Where a block stands. */
export function nameOf({ file, line }: Block): string {
  return `${file}:${line}`;
}

/** A program as it is, but for any free port of loopback and another Redis. */
function onLoopback(code: string, redis: string | undefined): string {
  return code
    .replace(/, hostname: "[\d.]+"/g, "")
    .replace(/\bport: \d+/g, 'port: 0, hostname: "127.0.0.1"')
    .replace(/\.listen\(\d+/g, '.listen(0, "127.0.0.1"')
    .replace(/\.serve\(\)/g, '.serve({ port: 0, hostname: "127.0.0.1" })')
    .replace(
      /\.serve\(\{ fetch/g,
      '.serve({ port: 0, hostname: "127.0.0.1", fetch',
    )
    .replaceAll("redis://localhost:6379", redis ?? "");
}
