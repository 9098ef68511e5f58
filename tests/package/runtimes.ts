/**
 * What the package has to run on: the oldest and every later long-term version of
 * Node, Bun, and Deno.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { runtime } from "../tools/command.ts";

/** A runtime of one version. */
export interface Runtime {
  /** `Node 20`; where it is not there, with what installs it. */
  readonly name: string;
  /** What runs the file that is named after it; `undefined` where it is not there. */
  readonly command: readonly string[] | undefined;
  /** Whether it listens through `@hono/node-server`. */
  readonly usesAdapter: boolean;
  /** Whether several of its processes can listen on one port. */
  readonly sharesPorts: boolean;
}

/** The versions of Node that are looked for; others that are there are used too. */
const NODES = [20, 22, 24];

/** Every runtime that there is, and those that are missed. */
export const RUNTIMES: readonly Runtime[] = [
  ...nodes(),
  {
    name: "Bun",
    command: [runtime("bun")],
    usesAdapter: false,
    sharesPorts: true,
  },
  {
    name: "Deno",
    // As it is in a project that npm has installed.
    command: [runtime("deno"), "run", "-A", "--node-modules-dir=manual"],
    usesAdapter: true,
    sharesPorts: true,
  },
];

function nodes(): Runtime[] {
  const found = new Map<number, string>();
  const folders = process.env.PATH!.split(path.delimiter);
  for (
    const file of [
      runtime("node"),
      ...folders.map((folder) => path.join(folder, "node")).filter(existsSync),
    ]
  ) {
    const major = majorOf(file);
    if (major >= NODES[0]! && !found.has(major)) found.set(major, file);
  }
  const majors = new Set([...NODES, ...found.keys()]);
  return [...majors].sort((a, b) => a - b).map((major) => {
    const file = found.get(major);
    return {
      name: file ? `Node ${major}` : `Node ${major} (needs: ${hint(major)})`,
      command: file === undefined ? undefined : [file],
      usesAdapter: true,
      sharesPorts: major > 20,
    };
  });
}

function majorOf(node: string): number {
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(stdout ?? "")?.[1] ?? NaN);
}

/** As .ci/run has it. */
function hint(major: number): string {
  const folder = `~/.cache/sseserver/node${major}`;
  return `npm install --prefix ${folder} node@${major}, ` +
    `and ${folder}/node_modules/.bin at the end of the PATH`;
}
