/**
 * The package as its users get it: built, packed, and installed by npm into an empty
 * project, once for all tests of a run.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { ROOT, runtime } from "../tools/command.ts";

// deno-lint-ignore no-explicit-any
export type JSONObject = Record<string, any>;

/** What `npm pack` tells of a tarball. */
export interface Tarball {
  /** Where it is. */
  readonly file: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Where the build puts the package. */
export const BUILT: string = path.join(ROOT, "dist/npm");

/** The repository's own manifest. */
export const MANIFEST: JSONObject = readJSON(`${ROOT}/package.json`);

/** The entry points by the name that programs import: its file in the repository. */
export const ENTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries<string>(MANIFEST.exports).map(([entry, file]) => [
    entry.replace(/^\./, MANIFEST.name),
    path.join(ROOT, file),
  ]),
);

const FOLDER = mkdtempSync(path.join(tmpdir(), "sseserver-package-"));
process.on("exit", () => rmSync(FOLDER, { recursive: true, force: true }));

const projects = new Map<string, Promise<string>>();
let packing: Promise<Tarball> | undefined;

/** Builds the package and packs it. */
export function packed(): Promise<Tarball> {
  return packing ??= pack();
}

async function pack(): Promise<Tarball> {
  await output(runtime("node"), [".ci/build.ts"]);
  const told = await output("npm", [
    "pack",
    "--json",
    `--pack-destination=${FOLDER}`,
    BUILT,
  ]);
  // An array, or an object by the package's name (npm 12).
  const [tarball] = Object.values<JSONObject>(JSON.parse(told));
  return {
    file: path.join(FOLDER, tarball!.filename),
    files: tarball!.files,
  };
}

/**
 * Installs the package into an empty project, and resolves with its folder.
 *
 * @param options Of `npm install`.
 */
export function installed(...options: string[]): Promise<string> {
  const key = options.join(" ");
  const project = projects.get(key) ?? install(options);
  projects.set(key, project);
  return project;
}

async function install(options: readonly string[]): Promise<string> {
  const { file } = await packed();
  const project = path.join(FOLDER, `project${projects.size}`);
  await mkdir(project);
  writeFileSync(`${project}/package.json`, '{ "type": "module" }');
  await output("npm", [
    "install",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    ...options,
    file,
  ], project);
  return project;
}

/** What a command prints to standard output. */
export async function output(
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  return (await outputs(command, args, cwd)).stdout;
}

/** What a command prints; rejects with that where it fails. */
export async function outputs(
  command: string,
  args: readonly string[],
  cwd: string = ROOT,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await promisify(execFile)(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", npm_config_loglevel: "error" },
      maxBuffer: 64 * 1024 ** 2,
    });
  } catch (error) {
    const { stdout, stderr, message } = error as Error & {
      stdout?: string;
      stderr?: string;
    };
    throw new Error(`${message}\n${stdout ?? ""}${stderr ?? ""}`);
  }
}

/** A file as JSON. */
export function readJSON(file: string): JSONObject {
  return JSON.parse(readFileSync(file, "utf8"));
}
