import process from "node:process";
import { createInterface } from "node:readline";
import type { Answer, Command, ServerOptions } from "./command.ts";
import { Pace } from "./pace.ts";

/** What a program was started with. */
export function options(): ServerOptions {
  return JSON.parse(process.argv[2] ?? "{}");
}

/**
 * Says where the server listens, then does as it is told until its input ends. The
 * process ends with it.
 */
export function obey(
  answer: Answer,
  pace: Pace = new Pace(() => {}),
): void {
  say(answer);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const command: Command = JSON.parse(line);
    if (command.publish) pace.set(command.publish);
    if (command.measure) {
      collectGarbage();
      say({ resident: process.memoryUsage().rss });
    }
  });
  lines.on("close", () => process.exit());
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function collectGarbage(): void {
  const host = globalThis as {
    gc?(): void;
    Bun?: { gc(force: boolean): void };
  };
  // Twice: what is only held by a finalizer goes with the second.
  for (let i = 0; i < 2; i++) {
    host.Bun?.gc(true);
    host.gc?.();
  }
}
