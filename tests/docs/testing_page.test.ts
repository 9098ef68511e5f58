import { assert, assertEquals } from "@std/assert";
import { afterAll, describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "../tools/command.ts";
import { RUNTIME } from "../tools/runtime.ts";

/** Node skips what a test of its own runner runs, unless that does not know of it. */
const { NODE_TEST_CONTEXT: _, ...env } = process.env;

/** How each runtime runs a file of tests. */
const RUN: Record<typeof RUNTIME, string[]> = {
  deno: ["test", "--no-check", "--no-prompt"],
  bun: ["test"],
  node: ["--test"],
};

/** A test of `node:test` with the functions of each runtime's own runner instead. */
const OWN: Record<typeof RUNTIME, (code: string) => string> = {
  deno: (code) =>
    code.replace(/^import .* "node:test";$/m, "")
      .replace(/^test\(/m, "Deno.test("),
  bun: (code) => code.replace('"node:test"', '"bun:test"'),
  node: (code) => code,
};

const sections = readFileSync(`${ROOT}/docs/testing.md`, "utf8").split(/^## /m);
const programs = sections.flatMap((section) =>
  [...section.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => ({
    heading: section.slice(0, section.indexOf("\n")),
    code: code!,
  }))
);
const isTest = ({ code }: { code: string }) => code.includes('"node:test"');

describe("the page on testing", () => {
  // Within the project, so that the package is found by its name.
  mkdirSync(`${ROOT}/tests/fixtures`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}/tests/fixtures/testing-page-`);
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(name: string, code: string): string {
    writeFileSync(`${folder}/${name}`, code);
    return `${folder}/${name}`;
  }

  for (const { heading, code } of programs.filter((one) => !isTest(one))) {
    it(`has a program that runs: ${heading}`, async () => {
      assert(code.includes("assert."), "It shows nothing");
      const file = write(`${heading.replaceAll(" ", "_")}.ts`, code);
      await import(pathToFileURL(file).href);
    });
  }

  it("has a test for every runner, also with the runner's own functions", () => {
    const [{ code } = { code: "" }, ...others] = programs.filter(isTest);
    assertEquals(others.length, 0);
    const run = (name: string, code: string) => {
      const args = [...RUN[RUNTIME], write(`${name}.test.ts`, code)];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: ROOT,
        env,
        encoding: "utf8",
      });
      return { passes: status === 0, output: stdout + stderr };
    };
    for (const name of ["node_test", "own"]) {
      const { passes, output } = run(
        name,
        name === "own" ? OWN[RUNTIME](code) : code,
      );
      assert(passes, output);
      assert(output.includes("subscribers hear of new dogs"), output);
    }
    assert(!run("broken", code.replace('"Corgi");', '"Poodle");')).passes);
  });
});
