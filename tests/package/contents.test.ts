import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { globSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import { ROOT, runtime } from "../tools/command.ts";
import {
  BUILT,
  ENTRIES,
  MANIFEST,
  output,
  outputs,
  packed,
  readJSON,
} from "./installed.ts";

/** The sources of the package. */
const SOURCES = [
  "mod.ts",
  ...globSync("src/**/*.ts", { cwd: ROOT }).map((file) =>
    file.split(path.sep).join("/")
  ),
];

/**
 * Conditions would need a name of its own for what is left out, which Deno resolves
 * with the repository's deno.json alone: not where another project has a copy of it.
 */
const EXCUSED =
  /Suggestions:\n1\. pkg\.browser with an object value can be refactored .*/;

const PAPERS = ["CHANGELOG.md", "LICENSE", "README.md"];

describe("the npm package", () => {
  it("holds each source with what it was compiled to, and nothing else", async () => {
    const { files } = await packed();
    const compiled = SOURCES.flatMap((file) =>
      [".js", ".js.map", ".d.ts", ".d.ts.map"].map((ending) =>
        `dist/${file.slice(0, -".ts".length)}${ending}`
      )
    );
    assertEquals(
      files.map((file) => file.path).sort(),
      ["package.json", ...PAPERS, ...SOURCES, ...compiled].sort(),
    );
  });

  it("has a manifest without what only the repository needs", async () => {
    await packed();
    const manifest = readJSON(`${BUILT}/package.json`);
    for (
      const name of ["private", "scripts", "devDependencies", "allowScripts"]
    ) {
      assert(!(name in manifest), name);
    }
    assertEquals(manifest.engines, { node: ">=20" });
    assertEquals(manifest.dependencies, MANIFEST.dependencies);
    assertEquals(manifest.version, MANIFEST.version);
    assertEquals(Object.keys(manifest.exports), Object.keys(MANIFEST.exports));
  });

  it("has a command that can be executed", async () => {
    const { files } = await packed();
    const { bin } = readJSON(`${BUILT}/package.json`);
    assertEquals(Object.keys(bin), ["sseserver"]);
    const file = files.find((file) => file.path === bin.sseserver);
    assertEquals(file?.mode, 0o755);
    assertMatch(
      readFileSync(`${BUILT}/${bin.sseserver}`, "utf8"),
      /^#!\/usr\/bin\/env node\n/,
    );
  });

  it("has maps that lead to its sources, from code and from types", async () => {
    await packed();
    for (const file of globSync("dist/**/*.map", { cwd: BUILT })) {
      const { sources } = readJSON(`${BUILT}/${file}`);
      const source = path.join(path.dirname(file), sources[0]);
      assertEquals(
        [sources.length, SOURCES.includes(source.split(path.sep).join("/"))],
        [1, true],
        `${file}: ${sources}`,
      );
    }
    const source = lineOf(`${ROOT}/src/server.ts`, "export class SSEServer");
    for (
      const [file, text] of [
        ["server.js", "export class SSEServer"],
        ["server.d.ts", "export declare class SSEServer"],
      ] as const
    ) {
      const compiled = `${BUILT}/dist/src/${file}`;
      // deno-lint-ignore no-explicit-any -- Node's payload of a map
      const map = new SourceMap(readJSON(`${compiled}.map`) as any);
      const line = lineOf(compiled, text);
      const at = text.indexOf("SSEServer");
      const entry = map.findEntry(line, at);
      assert("originalLine" in entry, file);
      assertEquals(entry.originalLine, source, file);
    }
  });

  it("has a hub that is bundled for Workers without Node's modules", async () => {
    await packed();
    const told = await output(runtime("bun"), [
      "build",
      `${BUILT}/dist/mod.js`,
      "--external=node:*",
    ]);
    assertStringIncludes(told, "class SSEServer");
    assertEquals(told.match(/^import\b.*/gm), null);
  });

  it("has a manifest that npm has nothing to correct in", async () => {
    await packed();
    const manifest = readJSON(`${BUILT}/package.json`);
    await output("npm", ["pkg", "fix"], BUILT);
    assertEquals(readJSON(`${BUILT}/package.json`), manifest);
  });

  it("has nothing that publint would mend", async () => {
    const { file } = await packed();
    const told = await output(bin("publint"), [
      "run",
      file,
      "--strict",
      "--level=suggestion",
    ]);
    assertMatch(
      told.replace(EXCUSED, "All good!"),
      /\nLinting\.\.\.\nAll good!\s*$/,
    );
  });

  it("has types that resolve wherever its code does", async () => {
    const { file } = await packed();
    const told = await output(bin("attw"), [
      file,
      "--profile=esm-only",
      "--format=json",
    ]);
    const { analysis } = JSON.parse(told);
    for (const [entry, { resolutions }] of entries(analysis.entrypoints)) {
      for (const how of ["node16-esm", "bundler"]) {
        assertMatch(resolutions[how].resolution.fileName, /\.d\.ts$/, entry);
      }
    }
    assertEquals(
      Object.keys(analysis.entrypoints).sort(),
      Object.keys(MANIFEST.exports).sort(),
    );
  });
});

describe("the JSR package", () => {
  it("holds the sources and nothing else", async () => {
    // Types are checked by the static part.
    const { stderr: told } = await outputs(runtime("deno"), [
      "publish",
      "--dry-run",
      "--allow-dirty",
      "--no-check",
      "--config=jsr.json",
    ]);
    assertStringIncludes(
      told,
      `Simulating publish of ${MANIFEST.name}@${MANIFEST.version}`,
    );
    const files = [...told.matchAll(/^ *file:\/\/(.*) \([\d.]+\w*B\)$/gm)];
    assertEquals(
      files.map(([, file]) => path.relative(ROOT, file!)).sort(),
      ["jsr.json", ...PAPERS, ...SOURCES].sort(),
    );
  });

  it("says of every entry point what it is, with an example", () => {
    for (const [name, file] of ENTRIES) {
      const [comment = ""] = readFileSync(file, "utf8").match(
        /^\/\*\*[^]*?\*\//,
      ) ?? [];
      for (const part of ["@module", "@example", `from "${name}"`]) {
        assertStringIncludes(comment, part, name);
      }
    }
  });
});

function bin(name: string): string {
  return path.join(ROOT, "node_modules/.bin", name);
}

// deno-lint-ignore no-explicit-any -- attw's report
function entries(record: object): [string, any][] {
  return Object.entries(record);
}

/** The line, from 0, of a file that begins with a text. */
function lineOf(file: string, text: string): number {
  return readFileSync(file, "utf8").split("\n")
    .findIndex((line) => line.startsWith(text));
}
