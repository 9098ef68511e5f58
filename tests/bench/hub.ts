import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT, runtime } from "../tools/command.ts";
import type { BenchCase } from "./cases.ts";
import { RUNTIMES } from "./contender.ts";
import { CORES, onCore } from "./server.ts";

/** Milliseconds that each size is measured for. */
const SPAN = 400;

/** The cases of the hub without streams and sockets. */
export const hub: readonly BenchCase[] = [
  hubCase(
    "hub",
    "A broadcast in the process to so many readers, without streams and sockets, and its part of each.",
    [
      ...[1, 10, 100, 1_000, 10_000].map((count) => `broadcast${count}`),
      ...[100, 1_000, 10_000].map((count) => `perReader${count}`),
    ],
  ),
  hubCase(
    "hub-ns",
    "The same where 95 % or 5 % of the readers hear it.",
    ["dense", "sparse"].flatMap((name) =>
      [100, 1_000, 10_000].map((count) => `${name}${count}`)
    ),
  ),
  hubCase(
    "hub-publish",
    "Publishing alone, to namespaces with a reader each: always to the same, or to any of them.",
    ["same", "random"].flatMap((name) =>
      [10, 100_000].map((among) => `${name}${among}`)
    ),
  ),
];

/** A case in a process of its own. */
function hubCase(
  name: string,
  title: string,
  figures: readonly string[],
): BenchCase {
  return {
    name,
    title,
    kinds: ["sseserver"],
    figures,
    run: async ({ runtime: on }, { part }) => {
      const [command, ...args] = onCore(CORES.server, [
        runtime(on!),
        ...RUNTIMES[on!],
        "tests/bench/servers/hub.ts",
        name,
        `${SPAN * part}`,
      ]);
      const { stdout } = await promisify(execFile)(command!, args, {
        cwd: ROOT,
      });
      return JSON.parse(stdout);
    },
  };
}
