/**
 * `npm test`: the static checks, the same suite under Deno, Bun and Node, 20 s of
 * stress on each, and 20 s of several servers on a Redis that fail; the last two are
 * `tests/stress/main.ts` and `tests/cluster/main.ts`, which have their own options.
 *
 *     npm test                                  everything
 *     npm test -- static                        one part: static, deno, bun, node, stress,
 *                                               cluster
 *     npm test -- deno tests/channel.test.ts    these files under one runtime
 *     npm test -- tests/channel.test.ts         these files under all three
 *
 * The last line is always `N passed, N failed`, with `, N skipped` if any were.
 * With CI=true a skipped test counts as failed.
 */
import {
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { checks, passes } from "./tools/checks.ts";
import { type Ended, ROOT, run, runtime } from "./tools/command.ts";
import { parseJUnit, type TestCase } from "./tools/junit.ts";
import { REDIS, REDIS_HINT } from "./tools/redis.ts";

/**
 * A runner that is not done by then hangs: it is killed and has failed. Those that run
 * side by side take four minutes.
 */
const RUN_LIMIT = 8 * 60_000;

/** Bun limits each test too, to 5 s unless told; the others do not. */
const TEST_LIMIT = 2 * 60_000;

/** How each runtime runs test files and writes its JUnit report. */
const RUNNERS: Record<string, (report: string) => string[]> = {
  // Types are checked once, by the static part.
  deno: (report) => ["test", "-A", "--no-check", `--junit-path=${report}`],
  bun: (report) => [
    "test",
    `--timeout=${TEST_LIMIT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
  ],
  // One file at a time, as the other two do: many tests measure time.
  node: (report) => [
    "--test",
    "--test-concurrency=1",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
  ],
};

const PARTS: readonly string[] = [
  "static",
  ...Object.keys(RUNNERS),
  "stress",
  "cluster",
];

/** Suites that run at the same time: each waits for two thirds of it. */
const SIDE_BY_SIDE: readonly string[] = ["deno", "bun"];

/** How long the stress goes on on each runtime, and of several servers, in seconds. */
const STRESS = 20;

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
  if (parts.length === 0) {
    parts.push(...files.length > 0 ? Object.keys(RUNNERS) : PARTS);
  }
  const results: Results = new Map();
  const reports = mkdtempSync(path.join(tmpdir(), "sseserver-tests-"));
  try {
    const sideBySide = parts.filter((part) => SIDE_BY_SIDE.includes(part));
    const tests = testFiles(files);
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

function testFiles(asked: string[]): string[] {
  const files = asked.length > 0
    ? asked.map((file) => path.relative(ROOT, path.resolve(file)))
    : globSync("tests/**/*.test.ts", { cwd: ROOT }).sort();
  // Bun takes anything without a leading dot for a filter.
  return files.map((file) => `./${file}`);
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
  for (const name of Object.keys(RUNNERS)) {
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

/** Runs the suite on one runtime, or on several at once, whose output comes after it. */
async function runSuites(
  names: readonly string[],
  files: readonly string[],
  reports: string,
): Promise<TestCase[][]> {
  const [only] = names;
  if (names.length === 1) {
    heading(`suite on ${only}`);
    return [await runSuite(only!, files, reports)];
  }
  heading(`suites on ${names.join(" and ")}, side by side`);
  return await Promise.all(names.map(async (name) => {
    const log = `${reports}/${name}.log`;
    const output = openSync(log, "w");
    const cases = await runSuite(name, files, reports, output);
    closeSync(output);
    heading(`suite on ${name}`);
    process.stdout.write(readFileSync(log));
    return cases;
  }));
}

async function runSuite(
  name: string,
  files: readonly string[],
  reports: string,
  output?: number,
): Promise<TestCase[]> {
  const report = `${reports}/${name}.xml`;
  const args = RUNNERS[name]!(report);
  const ended = await run(
    runtime(name),
    [...args, ...files],
    RUN_LIMIT,
    output,
  );
  const cases = existsSync(report)
    ? parseJUnit(readFileSync(report, "utf8"))
    : [];
  return [...cases.map(silentFileFails), ...brokenRun(name, ended, cases)];
}

/** Node lists a file as a test where the file told of none: it ended too soon. */
function silentFileFails(test: TestCase): TestCase {
  return test.name.endsWith(".test.ts") ? { ...test, result: "failed" } : test;
}

/** What is wrong with a run as a whole and no test of it tells. */
function brokenRun(
  name: string,
  { code, timedOut }: Ended,
  cases: TestCase[],
): TestCase[] {
  const told = cases.some(({ result }) => result === "failed");
  const why = timedOut
    ? `${name} did not end within ${RUN_LIMIT / 1_000} s`
    : cases.length === 0
    ? `${name} reported no tests and ended with ${code}`
    : code !== 0 && !told
    ? `${name} ended with ${code}, though no test of it failed`
    : undefined;
  return why === undefined ? [] : [{ name: why, result: "failed" }];
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
  for (const { name } of cases) console.log(`  ${name}`);
}

function tally(cases: TestCase[]): string {
  const skipped = count(cases, "skipped");
  return `${count(cases, "passed")} passed, ${count(cases, "failed")} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

function count(cases: TestCase[], result: TestCase["result"]): number {
  return cases.filter((test) => test.result === result).length;
}

function heading(title: string): void {
  console.log(`\n=== ${title} ${"=".repeat(Math.max(0, 70 - title.length))}`);
}

await main();
