import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** The top of the project. */
export const ROOT: string = path.resolve(import.meta.dirname!, "../..");

/** How a command ended. */
export interface Ended {
  /** Its exit code, or why there is none. */
  code: number | string;
  /** Whether it was still running after its time and was killed. */
  timedOut: boolean;
}

/**
 * A runner of tests that is not done by then hangs: it is killed and has failed. Those
 * that run side by side take four minutes.
 */
export const RUN_LIMIT: number = 8 * 60_000;

/** Time that an interrupted command has to say where it stood. */
const GRACE = 2_000;

const BIN = path.join(ROOT, "node_modules/.bin");

/** The runtime that `npm ci` has installed, otherwise the one on the PATH. */
export function runtime(name: string): string {
  const installed = path.join(BIN, name);
  if (existsSync(installed)) return installed;
  console.log(`(${name} is not in node_modules/.bin, see npm ci: PATH's own)`);
  return name;
}

/** Says what comes next. */
export function heading(title: string): void {
  console.log(`\n=== ${title} ${"=".repeat(Math.max(0, 70 - title.length))}`);
}

/**
 * Runs a command at the top of the project; its output goes straight to the
 * terminal, or to a file. It gets a process group of its own, of which nothing is left when
 * this resolves: not when it has hung, nor what its tests forgot to end.
 */
export function run(
  command: string,
  args: string[],
  limit: number,
  output: "inherit" | number = "inherit",
): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, PATH: `${BIN}${path.delimiter}${process.env.PATH}` },
    stdio: ["ignore", output, output],
  });
  const interrupted = () => {
    signalGroup(child, "SIGKILL");
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    console.log(`Still running after ${limit / 1_000} s: ending ${child.pid}`);
    // Node and Deno name the tests that were pending when interrupted.
    child.kill("SIGINT");
    setTimeout(() => signalGroup(child, "SIGKILL"), GRACE).unref();
  }, limit);
  return new Promise((resolve) => {
    const end = (code: number | string) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      signalGroup(child, "SIGKILL");
      resolve({ code, timedOut });
    };
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => end(code ?? signal ?? "unknown"));
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
