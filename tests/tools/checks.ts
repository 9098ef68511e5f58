import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ROOT, run } from "./command.ts";

/** A check of the sources that runs nothing of them. */
export interface Check {
  /** What it shows. */
  name: string;
  /** The arguments for Deno. */
  args: string[];
  /** Errors that are none. */
  excused?: RegExp;
}

/** A type of hono's is part of our surface, documented where it comes from. */
const FOREIGN_TYPE = /^error\[private-type-ref\]: .* private type 'Hono'$/;

/** Everything that can be said about the sources without running them. */
export function checks(): Check[] {
  const { exports } = JSON.parse(
    readFileSync(path.join(ROOT, "jsr.json"), "utf8"),
  );
  const entries: string[] = typeof exports === "string"
    ? [exports]
    : Object.values(exports);
  const documented = globSync(
    ["README.md", "docs/**/*.md", "mod.ts", "src/**/*.ts"],
    { cwd: ROOT },
  ).sort();
  return [
    { name: "format", args: ["fmt", "--check"] },
    { name: "lint", args: ["lint"] },
    { name: "types", args: ["check", "."] },
    {
      name: "public documentation",
      args: ["doc", "--lint", ...entries],
      excused: FOREIGN_TYPE,
    },
    {
      name: "types of the examples in the documentation",
      args: ["check", "--doc-only", ...documented],
    },
    {
      name: "publishable",
      args: [
        "publish",
        "--dry-run",
        "--allow-dirty",
        "--config",
        "jsr.json",
      ],
    },
  ];
}

/** Runs a check; whatever it has to say goes to the terminal. */
export async function passes(
  deno: string,
  { args, excused }: Check,
  limit: number,
): Promise<boolean> {
  if (!excused) return (await run(deno, args, limit)).code === 0;
  const { status, stdout, stderr } = spawnSync(deno, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: limit,
  });
  const reports = `${stdout}${stderr}`.split(/^(?=error[[:])/m);
  const errors = reports.filter((report) => report.startsWith("error["));
  const rest = errors.filter((report) => !excused.test(firstLine(report)));
  console.log(rest.join("") || "No errors.");
  if (status !== 0 && errors.length === 0) console.log(stderr);
  return status === 0 || (errors.length > 0 && rest.length === 0);
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf("\n"));
}
