/**
 * A hub to run, without writing a program: `deno run -A src/cli.ts --help`.
 *
 * Ends with exit code 2 where the command line or the environment is not as it should
 * be, with 1 where it cannot listen or use Redis, and with 0 after SIGINT or SIGTERM.
 *
 * @module
 */
import { CommanderError } from "commander";
import process from "node:process";
import { type Arguments, parseArguments } from "./cli/arguments.ts";
import { type CommandLineHub, hubOf } from "./cli/hub.ts";

const USAGE = 2;

function argumentsOrExit(): Arguments {
  try {
    return parseArguments(process.argv.slice(2));
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
    console.error(`error: ${(error as Error).message}`);
    process.exit(USAGE);
  }
}

const hub = await hubOrExit(argumentsOrExit());
try {
  await hub.serve();
} catch (error) {
  // Else it is a signal that has ended the waiting for Redis, and ends the process.
  if (hub.sse.status().status !== "closed") {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1);
  }
}
