import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { ROOT, runtime } from "../../tools/command.ts";
import type { LoadPlan, LoadReport } from "./plan.ts";

/** Characters of what it says on stderr that an error repeats. */
const LONGEST_WHY = 2_000;

/** Where the load client runs. */
export interface LoadOptions {
  /** The core that it is kept on, if there is taskset(1). */
  readonly core?: number;
}

/** The load client, in a process of its own. */
export class LoadProcess implements AsyncDisposable {
  /** Resolves with their count as soon as all streams are open. */
  readonly opened: Promise<number>;
  /** Resolves in the end. */
  readonly report: Promise<LoadReport>;

  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(plan: LoadPlan, { core }: LoadOptions = {}) {
    const command = [
      ...core !== undefined && isOnPath("taskset")
        ? ["taskset", "-c", `${core}`]
        : [],
      runtime("deno"),
      "run",
      "-A",
      "--no-check",
      "tests/bench/load/main.ts",
      JSON.stringify(plan),
    ];
    const child = spawn(command[0]!, command.slice(1), {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const opened = Promise.withResolvers<number>();
    const report = Promise.withResolvers<LoadReport>();
    // Who awaits one of them hears of it; the other one is not unhandled then.
    opened.promise.catch(() => {});
    report.promise.catch(() => {});
    this.opened = opened.promise;
    this.report = report.promise;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const said = JSON.parse(line);
      if (said.opened !== undefined) opened.resolve(said.opened);
      if (said.report !== undefined) report.resolve(said.report);
    });
    let why = "";
    child.stderr!.on("data", (text) => {
      why = `${why}${text}`.slice(-LONGEST_WHY);
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        const error = new Error(`The load client ended with ${how}: ${why}`);
        opened.reject(error);
        report.reject(error);
        resolve();
      };
      child.on("error", (error) => end(error.message));
      // Not before all of its output is there.
      child.on("close", (code, signal) => end(`${code ?? signal}`));
    });
  }

  /** Ends it, wherever it is; what is awaited of it then rejects. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Puts a load on a server. */
export function startLoad(
  plan: LoadPlan,
  options: LoadOptions = {},
): LoadProcess {
  return new LoadProcess(plan, options);
}

/** Whether a program is there to be run by its name. */
export function isOnPath(program: string): boolean {
  return process.env.PATH!.split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, program)));
}
