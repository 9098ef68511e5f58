/**
 * A hub to run, without writing a program: `deno run -A src/cli.ts --help`.
 *
 * Ends with exit code 2 where the command line or the environment is not as it should
 * be, with 1 where it cannot listen, and with 0 after SIGINT or SIGTERM.
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

function hubOrExit(args: Arguments): CommandLineHub {
  try {
    return hubOf(args, (line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(USAGE);
  }
}

const hub = hubOrExit(argumentsOrExit());
try {
  await hub.serve();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exit(1);
}
