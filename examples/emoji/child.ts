import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

/**
 * Runs a command that ends when its stdin is closed, as it is when this process
 * ends, however that happens. The shell itself becomes the command.
 */
const WATCHED =
  'exec 3<&0; (cat <&3; kill $$) >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';
/** Milliseconds that it has to end by itself. */
const END_TIME = 5_000;

/** A program in a process of its own. */
export class Child {
  /** Resolves with its exit code, or with why it has none. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;

  /** @param hear Takes each line that it prints. */
  constructor(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    hear: (line: string) => void,
  ) {
    const child = this.#child = spawn("sh", ["-c", WATCHED, "sh", ...command], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C goes to a whole group; these are ended in their order instead.
      detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface(stream).on("line", hear);
    }
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (code, signal) => {
        child.stdin!.destroy();
        resolve(code ?? signal ?? "an unknown reason");
      });
    });
  }

  /** Ends it; resolves once it has. */
  async end(): Promise<void> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), END_TIME);
    await this.ended;
    clearTimeout(timer);
  }

  #signal(name: NodeJS.Signals): void {
    try {
      // Not child.kill(): Deno 2.9 then reports the signal whatever the exit code.
      if (this.#child.pid !== undefined) process.kill(this.#child.pid, name);
    } catch {
      // It has ended.
    }
  }
}
