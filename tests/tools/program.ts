/**
 * Programs in processes of their own, of the runtime that the tests run on.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ROOT } from "./command.ts";
import { RUNTIME } from "./runtime.ts";
import { until } from "./waiting.ts";

/** Programs import the package by name, so they have to lie within it. */
const FOLDER = path.join(ROOT, "tests/fixtures");

/** How this runtime runs a file with all permissions. */
const RUN = { deno: ["run", "-A", "--no-prompt"], bun: ["run"], node: [] };

let programs = 0;

/** A program that runs. */
export class Program implements AsyncDisposable {
  /** What it has printed so far, on stdout and stderr. */
  output = "";
  /** Its exit code, or the signal that ended it. */
  ended: number | string | undefined;

  readonly #file: string;
  readonly #child: ChildProcess;

  /** @param args What stands between the runtime and the file. */
  constructor(code: string, args: readonly string[] = RUN[RUNTIME]) {
    mkdirSync(FOLDER, { recursive: true });
    this.#file = path.join(FOLDER, `${process.pid}_${++programs}.ts`);
    writeFileSync(this.#file, code);
    this.#child = spawn(process.execPath, [...args, this.#file], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const hear = (text: unknown) => this.output += text;
    this.#child.stdout!.on("data", hear);
    this.#child.stderr!.on("data", hear);
    this.#child.on("error", (error) => this.ended = error.message);
    this.#child.on("exit", (code, signal) => this.ended = code ?? signal ?? "");
  }

  /** Waits until it has printed the URL that it listens on, and returns the port. */
  async port(): Promise<number> {
    const url = /https?:\/\/[\w.[\]:]+:(\d+)/;
    await until(
      () => url.test(this.output) || this.ended !== undefined,
      () => `the port of a program, which printed: ${this.output}`,
    );
    const port = url.exec(this.output)?.[1];
    if (port === undefined) {
      throw new Error(`The program ended with ${this.ended}: ${this.output}`);
    }
    return Number(port);
  }

  /** Waits until it has printed something. */
  async prints(text: string): Promise<void> {
    await until(
      () => this.output.includes(text),
      () => `${text} in what a program printed: ${this.output}`,
    );
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    // Not child.kill(): Deno 2.9 then reports the signal whatever the exit code.
    if (this.#child.pid !== undefined) process.kill(this.#child.pid, name);
  }

  /** Waits for its end, for so many milliseconds. */
  async end(patience?: number): Promise<number | string> {
    await until(
      () => this.ended !== undefined,
      () => `the end of a program, which printed: ${this.output}`,
      patience,
    );
    return this.ended!;
  }

  /** Ends it and removes its file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ended === undefined) this.signal("SIGKILL");
    await this.end();
    rmSync(this.#file, { force: true });
    try {
      rmdirSync(FOLDER);
    } catch {
      // Another program's file is still in it.
    }
  }
}
