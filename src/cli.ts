/**
 * The command line of a hub that runs without a program. To import it starts nothing;
 * run, it listens on port 8001, unless it is told another:
 *
 * ```sh
 * npx @sseserver/sseserver --help
 * bunx @sseserver/sseserver --help
 * deno run -A jsr:@sseserver/sseserver/cli --help
 * ```
 *
 * Ends with exit code 2 where the command line or the environment is not as it should
 * be, with 1 where it cannot listen or use Redis, and with 0 after SIGINT or SIGTERM.
 *
 * @example A command line of your own
 * ```ts no-eval
 * import { main } from "@sseserver/sseserver/cli";
 *
 * await main(["--port", "8080", "--history"]);
 * ```
 *
 * @module
 */
import process from "node:process";
import type { Arguments } from "./cli/arguments.ts";
import { type CommandLineHub, hubOf } from "./cli/hub.ts";
import { withPackage } from "./optional_package.ts";

const USAGE = 2;

/**
 * Starts the hub that a command line describes, with the variables of the environment
 * where that is silent. Resolves once it listens; what goes wrong is told on standard
 * error and ends the process, with the exit code 1 or 2.
 *
 * @param args What stands after the program's name; by default, the process' own.
 */
export async function main(
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const hub = await hubOrExit(await argumentsOrExit(args));
  try {
    await hub.serve();
  } catch (error) {
    // Else it is a signal that has ended the waiting for Redis, and ends the process.
    if (hub.sse.status().status !== "closed") exitWith(error, 1);
  }
}

async function argumentsOrExit(args: readonly string[]): Promise<Arguments> {
  const { CommanderError, parseArguments } = await withPackage(
    "Cannot read the command line as",
    "commander",
    14,
    () => import("./cli/arguments.ts"),
  ).catch((error) => exitWith(error, 1));
  try {
    return parseArguments(args);
  } catch (error) {
    // It has told what is wrong, or shown what was asked for.
    if (error instanceof CommanderError) {
      process.exit(error.exitCode === 0 ? 0 : USAGE);
    }
    throw error;
  }
}

async function hubOrExit(args: Arguments): Promise<CommandLineHub> {
  try {
    return await hubOf(args, (line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    exitWith(error, USAGE);
  }
}

function exitWith(error: unknown, code: number): never {
  console.error(`error: ${(error as Error).message}`);
  process.exit(code);
}

// Node 20 and 22 do not know what is the main module: there, cli/bin.ts is run.
if (import.meta.main) await main();
