import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { ROOT } from "./command.ts";
import { RUNTIME } from "./runtime.ts";
import { until } from "./waiting.ts";

/** How this runtime runs a file with all permissions. */
const RUN = { deno: ["run", "-A", "--no-check"], bun: ["run"], node: [] };

/** The hub in a process of its own. */
export class HubProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  code: number | string | undefined;
  readonly #child: ChildProcess;

  /** @param root The folder of the package. */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    root: string = ROOT,
  ) {
    this.#child = spawn(
      process.execPath,
      [...RUN[RUNTIME], "src/cli.ts", ...args],
      {
        cwd: root,
        env: { ...process.env, NO_COLOR: "1", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child.stdout!.on("data", (text) => this.stdout += text);
    this.#child.stderr!.on("data", (text) => this.stderr += text);
    // When it has printed all that it was to.
    this.#child.on("close", (code, signal) => this.code = code ?? signal!);
  }

  async port(): Promise<number> {
    const told = /http:\/\/[\w.]+:(\d+)\/|"port":(\d+)/;
    await until(
      () => told.test(this.stdout) || this.code !== undefined,
      () => `the hub's port in ${this.stdout}${this.stderr}`,
    );
    const [, text, json] = told.exec(this.stdout)!;
    return Number(text ?? json);
  }

  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(this.#child.pid, name);
  }

  async ended(): Promise<number | string> {
    await until(
      () => this.code !== undefined,
      () => `the end of the hub, which printed ${this.stdout}${this.stderr}`,
    );
    return this.code!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.code === undefined) this.signal("SIGKILL");
    await this.ended();
  }
}

/** Starts it on a free port of loopback. */
export function startHub(
  args: string[] = [],
  env: Record<string, string> = {},
): HubProcess {
  return new HubProcess(["--port", "0", "--host", "127.0.0.1", ...args], env);
}
