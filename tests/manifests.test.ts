import {
  assert,
  assertEquals,
  assertExists,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { existsSync, readFileSync } from "node:fs";
import { ROOT } from "./tools/command.ts";

// deno-lint-ignore no-explicit-any
type Json = Record<string, any>;

const deno = readJson("deno.json");
const jsr = readJson("jsr.json");
const npm = readJson("package.json");
const locks = ["deno.lock", "package-lock.json"];

/** What the package itself imports. */
const used: Json = {
  ...npm.dependencies,
  ...npm.optionalDependencies,
  ...npm.peerDependencies,
};

describe("manifests", () => {
  it("name one and the same package", () => {
    for (const key of ["name", "version", "license", "exports"]) {
      assertExists(jsr[key], key);
      assertEquals(jsr[key], npm[key], key);
    }
    assertEquals(readJson("package-lock.json").version, npm.version);
    assert(
      !("name" in deno) && !("version" in deno),
      "deno.json is no package",
    );
    for (const [entry, file] of Object.entries<string>(jsr.exports)) {
      const name = entry.replace(/^\./, jsr.name);
      assertEquals(deno.imports[name], file, name);
      assert(existsSync(`${ROOT}/${file}`), file);
    }
  });

  it("publish every dependency that the tests were run with", () => {
    assertEquals(Object.keys(jsr.imports).sort(), Object.keys(used).sort());
    for (const [name, target] of Object.entries(jsr.imports)) {
      assertEquals(deno.imports[name], target, name);
    }
  });

  it("ask for the same major versions on Deno as on Bun and Node", () => {
    const ranges = { ...npm.devDependencies, ...used };
    for (const [name, target] of Object.entries<string>(deno.imports)) {
      const [, major] = target.match(/^npm:.+@\^(\d+)$/) ?? [];
      if (major === undefined) continue;
      assertMatch(ranges[name], new RegExp(`^\\^?${major}\\.`), name);
    }
  });

  it("resolve to the same versions in both lock files", () => {
    const installed = readJson("package-lock.json").packages;
    const { specifiers } = readJson("deno.lock");
    for (const [name, target] of Object.entries<string>(deno.imports)) {
      if (!target.startsWith("npm:")) continue;
      const version = specifiers[target.replace("@^", "@")];
      assertEquals(
        version?.replace(/_.*/, ""),
        installed[`node_modules/${name}`].version,
        name,
      );
    }
  });

  it("have whoever installs it get Hono alone in any case", () => {
    assertEquals(Object.keys(npm.dependencies), ["hono"]);
    for (const name of Object.keys(npm.peerDependencies)) {
      assert(npm.peerDependenciesMeta[name].optional, name);
    }
    assert(npm.private, "only what `npm run build` makes can be published");
  });

  it("pin the runtimes and tools exactly", () => {
    for (const [name, range] of Object.entries<string>(npm.devDependencies)) {
      assertMatch(range, /^(\d+\.\d+\.\d+|file:\.\/tests\/std\/\w+)$/, name);
    }
    for (const name of ["bun", "deno", "node"]) {
      assertExists(npm.devDependencies[name], name);
    }
  });

  it("keep the runtimes out of deno.lock, or Deno downloads all of them", () => {
    // `deno install` puts them there; `deno check` alone writes a lean one.
    const { npm: locked } = readJson("deno.lock");
    assertEquals(
      Object.keys(locked).filter((name) => /^(bun|deno|node)@/.test(name)),
      [],
    );
  });

  it("name no registry host in a lock file", () => {
    for (const lock of locks) {
      const text = readFileSync(`${ROOT}/${lock}`, "utf8");
      assertNotMatch(text, /"(resolved|tarball)": *"\w+:\/\//, lock);
      // The sites that take donations are the only addresses in there.
      const rest = text.replace(
        /"(url|funding)": *"https:\/\/(github\.com|opencollective\.com|bjornlu\.com)\/.*"/g,
        "",
      );
      assertNotMatch(rest, /\w+:\/\//, lock);
    }
  });

  it("link stand-ins that are there, under the names the tests import", () => {
    for (const link of deno.links) {
      const [standIn, twin] = ["deno.json", "package.json"].map((file) =>
        readJson(`${link}/${file}`)
      );
      assertExists(standIn);
      assertExists(twin);
      for (const key of ["name", "version"]) {
        assertEquals(standIn[key], twin[key], `${link}: ${key}`);
      }
      assertEquals(npm.devDependencies[standIn.name], `file:${link}`);
      assertMatch(deno.imports[standIn.name], /^jsr:@std\/\w+@\^1$/);
      for (const file of Object.values(twin.exports)) {
        assert(existsSync(`${ROOT}/${link}/${file}`), `${link}/${file}`);
      }
    }
  });
});

function readJson(file: string): Json {
  return JSON.parse(readFileSync(`${ROOT}/${file}`, "utf8"));
}
