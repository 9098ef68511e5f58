/**
 * `npm run build`: makes the npm package in dist/npm.
 *
 * What it holds is what jsr.json publishes, compiled to `dist/` in it; its package.json
 * is the repository's, with every `.ts` that it names replaced by what came of it.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  globSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import process from "node:process";

const ROOT = path.resolve(import.meta.dirname!, "..");
const PACKAGE = path.join(ROOT, "dist/npm");

/**
 * How it is compiled, besides as deno.json says. The libraries are those that Node 20
 * has, so that nothing newer gets in.
 */
const COMPILER_OPTIONS: Record<string, string | boolean> = {
  target: "es2022",
  lib: "es2023,es2024.string,esnext.disposable,dom,dom.iterable",
  types: "node",
  module: "nodenext",
  rewriteRelativeImportExtensions: true,
  declaration: true,
  declarationMap: true,
  sourceMap: true,
  newLine: "lf",
};

/** Parts of the repository's package.json that nobody needs who installs it. */
const PRIVATE = ["private", "scripts", "devDependencies", "allowScripts"];

/** Types that TypeScript's default library for ES2022 does not have. */
const DISPOSABLE =
  /\bAsyncDisposable\b|\bDisposable\b|\bSymbol\.\w*[dD]ispose\b/;

function build(): void {
  const { publish } = readJSON("jsr.json");
  const files = globSync(publish.include, { cwd: ROOT })
    .filter((file) => file !== "jsr.json").sort();
  rmSync(PACKAGE, { recursive: true, force: true });
  for (const file of files) {
    cpSync(path.join(ROOT, file), path.join(PACKAGE, file));
  }
  compile(files.filter((file) => file.endsWith(".ts")));
  for (const file of globSync("dist/**/*.d.ts", { cwd: PACKAGE })) {
    referToDisposable(path.join(PACKAGE, file));
  }
  const manifest = manifestOf(readJSON("package.json"));
  writeFileSync(
    path.join(PACKAGE, "package.json"),
    `${JSON.stringify(manifest, null, 2)}\n`,
  );
  for (const file of Object.values(manifest.bin as Record<string, string>)) {
    chmodSync(path.join(PACKAGE, file), 0o755);
  }
  console.log(`Built ${path.relative(process.cwd(), PACKAGE) || "."}`);
}

/** Compiles the copies, so that the maps lead to what is in the package. */
function compile(sources: readonly string[]): void {
  const options = {
    ...readJSON("deno.json").compilerOptions,
    ...COMPILER_OPTIONS,
    rootDir: PACKAGE,
    outDir: path.join(PACKAGE, "dist"),
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const { status, error } = spawnSync(
    path.join(ROOT, "node_modules/.bin/tsc"),
    ["--ignoreConfig", ...flags, ...sources],
    { cwd: PACKAGE, stdio: "inherit" },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`Cannot build as tsc ended with ${status}`);
}

/**
 * Has a declaration bring the library that it needs. Its source cannot say so: JSR
 * refuses references to libraries, and Deno has this one.
 */
function referToDisposable(file: string): void {
  const text = readFileSync(file, "utf8");
  if (!DISPOSABLE.test(text)) return;
  writeFileSync(file, `/// <reference lib="esnext.disposable" />\n${text}`);
  const map = JSON.parse(readFileSync(`${file}.map`, "utf8"));
  // A semicolon is a line.
  map.mappings = `;${map.mappings}`;
  writeFileSync(`${file}.map`, JSON.stringify(map));
}

/** The package's manifest, made of the repository's. */
function manifestOf(source: Record<string, unknown>): Record<string, unknown> {
  const { exports, bin } = source as Record<string, Record<string, string>>;
  const { browser } = source as { browser: Record<string, false> };
  return {
    ...Object.fromEntries(
      Object.entries(source).filter(([key]) => !PRIVATE.includes(key)),
    ),
    exports: mapValues(exports!, (file) => ({
      types: compiled(file, ".d.ts"),
      default: compiled(file, ".js"),
    })),
    bin: mapValues(bin!, (file) => compiled(file, ".js")),
    // What bundlers for browsers and Workers leave out.
    browser: Object.fromEntries(
      Object.entries(browser).map(([file, value]) => [
        compiled(file, ".js"),
        value,
      ]),
    ),
  };
}

/** With its `./` or without, as it was: npm wants it in exports, and not in bin. */
function compiled(file: string, ending: string): string {
  return file.replace(/^(\.\/)?/, "$1dist/").replace(/\.ts$/, ending);
}

function mapValues<T>(
  record: Record<string, string>,
  change: (value: string) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value)]),
  );
}

// deno-lint-ignore no-explicit-any -- manifests have what they have
function readJSON(file: string): any {
  return JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));
}

build();
