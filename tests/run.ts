/**
 * `npm test`: the static checks, the packages that are published, the same suite under
 * Deno, Bun and Node, 20 s of stress on each, and 20 s of several servers on a Redis that
 * fail; the last two are `tests/stress/main.ts` and `tests/cluster/main.ts`, which have
 * their own options.
 *
 *     npm test                                  everything
 *     npm test -- static                        one part: static, package, deno, bun, node,
 *                                               stress, cluster
 *     npm test -- deno tests/channel.test.ts    these files under one runtime
 *     npm test -- tests/channel.test.ts         these files under all three
 *
 * The last line is always `N passed, N failed`, with `, N skipped` if any were.
 * With CI=true a skipped test counts as failed.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { checks, passes } from "./tools/checks.ts";
import { heading, run, RUN_LIMIT, runtime } from "./tools/command.ts";
import type { TestCase } from "./tools/junit.ts";
import { REDIS, REDIS_HINT } from "./tools/redis.ts";
import { belongsTo, FILE_PARTS, runSuites, testFiles } from "./tools/suites.ts";

/** The runtimes of the suite. */
const SUITES: readonly string[] = ["deno", "bun", "node"];

const PARTS: readonly string[] = [
  "static",
  "package",
  ...SUITES,
  "stress",
  "cluster",
];

/** Parts that run at the same time: each waits for two thirds of it. */
const SIDE_BY_SIDE: readonly string[] = ["package", "deno", "bun"];

/** How long the stress goes on on each runtime, and of several servers, in seconds. */
const STRESS = 20;

/** Characters that the summary tells of why a test failed. */
const WHY_LENGTH = 2_000;

/** Every part of a run and what became of its tests. */
type Results = Map<string, TestCase[]>;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const parts = args.filter((arg) => PARTS.includes(arg));
  const files = args.filter((arg) => !parts.includes(arg));
  const missing = files.filter((file) => !existsSync(path.resolve(file)));
  if (missing.length > 0) {
    console.error(`Neither a part nor a test file: ${missing.join(", ")}`);
    process.exit(2);
  }
  const tests = testFiles(files);
  if (parts.length === 0) parts.push(...partsOf(files, tests));
  for (const part of parts.filter((part) => FILE_PARTS.includes(part))) {
    if (tests.some((file) => belongsTo(part, file))) continue;
    console.error(`None of these is a test of ${part}: ${files.join(", ")}`);
    process.exit(2);
  }
  const results: Results = new Map();
  const reports = mkdtempSync(path.join(tmpdir(), "sseserver-tests-"));
  try {
    const sideBySide = parts.filter((part) => SIDE_BY_SIDE.includes(part));
    for (const part of parts) {
      if (results.has(part)) continue;
      if (part === "static") results.set(part, await runChecks());
      else if (part === "stress") results.set(part, await runStress());
      else if (part === "cluster") results.set(part, await runCluster());
      else {
        const names = sideBySide.length > 1 && sideBySide.includes(part)
          ? sideBySide
          : [part];
        const cases = await runSuites(names, tests, reports);
        names.forEach((name, i) => results.set(name, cases[i]!));
      }
    }
  } finally {
    rmSync(reports, { recursive: true });
  }
  summarize(results);
}

/** The parts that a run without any has: all, or those of the files. */
function partsOf(
  asked: readonly string[],
  tests: readonly string[],
): readonly string[] {
  return asked.length === 0
    ? PARTS
    : FILE_PARTS.filter((part) => tests.some((file) => belongsTo(part, file)));
}

async function runChecks(): Promise<TestCase[]> {
  const deno = runtime("deno");
  const cases: TestCase[] = [];
  for (const check of checks()) {
    heading(check.name);
    const passed = await passes(deno, check, RUN_LIMIT);
    cases.push({ name: check.name, result: passed ? "passed" : "failed" });
  }
  return cases;
}

async function runStress(): Promise<TestCase[]> {
  const cases: TestCase[] = [];
  for (const name of SUITES) {
    heading(`stress on ${name}`);
    const { code } = await run(runtime("node"), [
      "tests/stress/main.ts",
      `--runtime=${name}`,
      `--seconds=${STRESS}`,
    ], RUN_LIMIT);
    cases.push({
      name: `stress on ${name}`,
      result: code === 0 ? "passed" : "failed",
    });
  }
  return cases;
}

async function runCluster(): Promise<TestCase[]> {
  const name = `stress of servers on a Redis${REDIS_HINT}`;
  heading(name);
  if (REDIS === undefined) return [{ name, result: "skipped" }];
  const { code } = await run(runtime("node"), [
    "tests/cluster/main.ts",
    `--seconds=${STRESS}`,
  ], RUN_LIMIT);
  return [{ name, result: code === 0 ? "passed" : "failed" }];
}

function summarize(results: Results): void {
  heading("summary");
  const strict = process.env.CI === "true";
  const all = [...results].flatMap(([part, cases]) =>
    cases.map((test) => ({ ...test, name: `${part}: ${test.name}` }))
  );
  for (const [part, cases] of results) {
    console.log(`${part.padEnd(8)}${tally(cases)}`);
  }
  list("Skipped", all.filter(({ result }) => result === "skipped"));
  list("Failed", all.filter(({ result }) => result === "failed"));
  const final = all.map((test): TestCase =>
    strict && test.result === "skipped" ? { ...test, result: "failed" } : test
  );
  if (final.some((test, i) => test !== all[i])) {
    console.log("\nWith CI=true a skipped test counts as failed.");
  }
  if (count(final, "failed") > 0) process.exitCode = 1;
  console.log(`\n${tally(final)}`);
}

function list(title: string, cases: TestCase[]): void {
  if (cases.length === 0) return;
  console.log(`\n${title}:`);
  for (const { name, why } of cases) {
    console.log(`  ${name}`);
    // Here once more: the log of a whole run is long, and may be shown in parts.
    if (why) console.log(indented(why.slice(0, WHY_LENGTH)));
  }
}

function indented(text: string): string {
  return text.trim().replace(/^/gm, "      ");
}

function tally(cases: TestCase[]): string {
  const skipped = count(cases, "skipped");
  return `${count(cases, "passed")} passed, ${count(cases, "failed")} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

function count(cases: TestCase[], result: TestCase["result"]): number {
  return cases.filter((test) => test.result === result).length;
}

await main();
