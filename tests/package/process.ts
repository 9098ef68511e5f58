import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { until } from "../tools/waiting.ts";

/** A program that runs in a project. */
export class ProjectProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  /** Its exit code, or the signal that ended it; with all that it printed. */
  code: number | string | undefined;
  readonly #child: ChildProcess;

  constructor(
    [command, ...args]: readonly string[],
    project: string,
    env: Record<string, string> = {},
  ) {
    this.#child = spawn(command!, args, {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.on("data", (text) => this.stdout += text);
    this.#child.stderr!.on("data", (text) => this.stderr += text);
    this.#child.on("error", (error) => this.code = error.message);
    this.#child.on("close", (code, signal) => this.code = code ?? signal!);
  }

  /** Waits until it has told where it listens. */
  async url(): Promise<string> {
    const told = /Listening on (http:\/\/[\w.]+:\d+)/;
    await until(
      () => told.test(this.stdout) || this.code !== undefined,
      () => `where it listens in ${this.#told()}`,
    );
    const url = told.exec(this.stdout)?.[1];
    if (url === undefined) {
      throw new Error(`It ended with ${this.code}: ${this.#told()}`);
    }
    return url;
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(this.#child.pid, name);
  }

  /** Waits for its end. */
  async ended(): Promise<number | string> {
    await until(
      () => this.code !== undefined,
      () => `its end, after ${this.#told()}`,
    );
    return this.code!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.code === undefined) this.signal("SIGKILL");
    await this.ended();
  }

  #told(): string {
    return JSON.stringify([this.stdout, this.stderr]);
  }
}
