/**
 * Runs test files: the suite on a runtime, or the tests of the packages.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  globSync,
  openSync,
  readFileSync,
} from "node:fs";
import path from "node:path";
import process from "node:process";
import {
  type Ended,
  heading,
  ROOT,
  run,
  RUN_LIMIT,
  runtime,
} from "./command.ts";
import { parseJUnit, type TestCase } from "./junit.ts";

/** Bun limits each test too, to 5 s unless told; the others do not. */
const TEST_LIMIT = 4 * 60_000;

/** Where the tests of the part `package` are: they run once, on Node. */
const PACKAGE_TESTS = "./tests/package/";

/** How each part of that kind runs test files and writes its JUnit report. */
const RUNNERS: Record<string, (report: string) => string[]> = {
  // Types are checked once, by the static part.
  deno: (report) => ["test", "-A", "--no-check", `--junit-path=${report}`],
  bun: (report) => [
    "test",
    `--timeout=${TEST_LIMIT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
  ],
  // Two files at a time, as it runs alone, and the other two beside each other. Not more:
  // many tests measure time.
  node: (report) => ["--test", "--test-concurrency=2", ...nodeReports(report)],
  // In one process, which builds and installs the package once for all of them.
  package: (report) => [
    "--test",
    "--test-isolation=none",
    ...nodeReports(report),
  ],
};

function nodeReports(report: string): string[] {
  return [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
  ];
}

/** The parts of a run that have test files. */
export const FILE_PARTS: readonly string[] = Object.keys(RUNNERS);

/** The test files that were asked for, or all. */
export function testFiles(asked: string[]): string[] {
  const files = asked.length > 0
    ? asked.map((file) => path.relative(ROOT, path.resolve(file)))
    : globSync("tests/**/*.test.ts", { cwd: ROOT }).sort();
  // Bun takes anything without a leading dot for a filter.
  return files.map((file) => `./${file}`);
}

/** Whether a test file is run by a part. */
export function belongsTo(part: string, file: string): boolean {
  return file.startsWith(PACKAGE_TESTS) === (part === "package");
}

/** Runs one part with test files, or several at once, whose output comes after it. */
export async function runSuites(
  names: readonly string[],
  files: readonly string[],
  reports: string,
): Promise<TestCase[][]> {
  const [only] = names;
  if (names.length === 1) {
    heading(titleOf(only!));
    return [await runSuite(only!, files, reports)];
  }
  heading(`${names.map(titleOf).join(", ")}, side by side`);
  return await Promise.all(names.map(async (name) => {
    const log = `${reports}/${name}.log`;
    const output = openSync(log, "w");
    const cases = await runSuite(name, files, reports, output);
    closeSync(output);
    heading(titleOf(name));
    process.stdout.write(readFileSync(log));
    return cases;
  }));
}

function titleOf(part: string): string {
  return part === "package" ? "packages" : `suite on ${part}`;
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
    runtime(name === "package" ? "node" : name),
    [...args, ...files.filter((file) => belongsTo(name, file))],
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
