import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./tools/command.ts";
import { type Import, parseSource } from "./tools/imports.ts";

/**
 * The layers, lowest first: a file imports from lower ones, or from its own as
 * long as no circle comes of it. A name that ends in `/` is a folder.
 */
const LEVELS = [
  "callbacks.ts clock.ts counters.ts deadlines.ts deferred.ts expiring_map.ts grant.ts host.ts host_info.ts listener.ts message.ts namespace.ts notice.ts opening.ts option_check.ts optional_package.ts order.ts outlet.ts parsed.ts quote.ts raw_path.ts secrets.ts slab.ts turn.ts typed.ts waiters.ts web_request.ts",
  "backlog.ts call_options.ts client_address.ts engine.ts history/ reader.ts ready.ts segment.ts sockets.ts stream.ts topic.ts",
  "channel.ts disconnect.ts drain.ts keepalive.ts lifetimes.ts publisher.ts pulse.ts slowness.ts waiting_line.ts",
  "broadcaster.ts delivery.ts directory.ts hub.ts laggards.ts options.ts server_options.ts server_settings.ts settings.ts",
  "admin/ core.ts http/ serving.ts",
  "server.ts sse_hub.ts",
  "entries/",
  "cli.ts cli/",
].map((level) => level.split(" "));

/** Nothing in src/ builds on these; they may use what is below L4. */
const LEAVES = ["client/", "engines/", "serve/", "testing/"];
const LEAF_LEVEL = 3;

/** The only files that may know a runtime or a driver. */
const KNOWS_HOST = /^(host\.ts|serve\/|engines\/|cli)/;

/** Leaves that have a package for what they are there for. */
const HAS_DRIVER = /^(serve|engines)\//;

/** Packages, and the lowest level that may import them. */
const PACKAGES: Record<string, number> = { "hono": 4, "commander": 6 };

/** Entry points that neither a package nor the host's modules are needed for. */
const SELF_CONTAINED = ["client/mod.ts", "entries/hub.ts", "testing/mod.ts"];

const files = globSync("**/*.ts", { cwd: `${ROOT}/src` })
  .map((file) => file.split(path.sep).join("/")).sort();
const parsed = new Map(
  files.map((file) => [
    file,
    parseSource(readFileSync(`${ROOT}/src/${file}`, "utf8")),
  ]),
);

describe("layering", () => {
  it("gives every file of src/ its place", () => {
    assertEquals(
      files.filter((file) => !isLeaf(file) && levelOf(file) === undefined),
      [],
      "Files without a level: add them to LEVELS in tests/layering.test.ts",
    );
  });

  it("has every file import from lower levels only", () => {
    assertEquals(eachImport(wrongArrow), []);
  });

  it("has no circle of imports", () => {
    const circles = new Set(files.map((file) => circleFrom(file)));
    assertEquals([...circles].filter(Boolean), []);
  });

  it("has nothing but host, serve and engines know a runtime", () => {
    const names = [...parsed].filter(([file]) => !KNOWS_HOST.test(file))
      .flatMap(([file, { hostNames }]) =>
        hostNames.map((name) => `${file} mentions ${name}`)
      );
    assertEquals(names, []);
    assertEquals(eachImport(hostImport), []);
  });

  it("imports packages only where they belong", () => {
    assertEquals(eachImport(wrongPackage), []);
  });

  it("needs no package at all for what says so", () => {
    for (const entry of SELF_CONTAINED) {
      assertEquals(packagesBelow(entry), [], entry);
    }
    assertEquals(packagesBelow("server.ts").includes("hono"), true);
  });
});

describe("the parser of the layering test", () => {
  it("finds every form of import and no imitation of one", () => {
    const { imports, hostNames } = parseSource(`
      import a, { type b } from "./a.ts"; // import "./no.ts"
      import type {
        C, // from "./no.ts"
      } from './c.ts';
      import "./d.ts"; /* export * from "./no.ts" */
      export { e as default } from "./e.ts";
      export type * from "./f.ts";
      const quotes = /["'\`/]/g, text = "import './no.ts'; Deno.exit()";
      const page = \`<script>import "./no.ts"; process.exit()</script>\`;
      await import("./g.ts"); await import(\`./\${name}.ts\`); import(name);
      const info: { process: string } = { process: "" }; info.Bun;
      globalThis.Bun?.version; Deno.version;
    `);
    assertEquals(imports.filter(({ dynamic }) => !dynamic).map(name), [
      "./a.ts",
      "./c.ts",
      "./d.ts",
      "./e.ts",
      "./f.ts",
    ]);
    assertEquals(imports.filter(({ dynamic }) => dynamic).map(name), [
      "./g.ts",
      "./${name}.ts",
      "(computed)",
    ]);
    assertEquals(hostNames, ["Bun", "Deno"]);
  });
});

function name({ specifier }: Import): string {
  return specifier;
}

/** Everything that `rule` has to say about an import of a file. */
function eachImport(
  rule: (file: string, item: Import) => string | false | undefined,
): string[] {
  return [...parsed].flatMap(([file, { imports }]) =>
    imports.flatMap((item) => {
      const wrong = rule(file, item);
      return wrong ? [`${file} ${wrong}: ${item.specifier}`] : [];
    })
  );
}

function wrongArrow(file: string, item: Import): string | false {
  const target = targetOf(file, item);
  if (target === undefined) return false;
  if (target.startsWith("../")) return "leaves src";
  if (isLeaf(target) && leafOf(file) !== leafOf(target)) {
    const allowed = item.dynamic &&
      (file === "serving.ts"
        ? target.startsWith("serve/")
        : file.startsWith("cli/") && target.startsWith("engines/"));
    return !allowed &&
      "imports a leaf, not as serving.ts and cli/ do by import()";
  }
  const from = isLeaf(file) ? LEAF_LEVEL : levelOf(file);
  const to = isLeaf(target) ? LEAF_LEVEL : levelOf(target);
  if (from === undefined || to === undefined) return "has no level, or this";
  return to > from && `(L${from}) imports from L${to}`;
}

function hostImport(file: string, { specifier }: Import): string | false {
  return specifier.startsWith("node:") && !KNOWS_HOST.test(file) &&
    "imports from the host";
}

function wrongPackage(file: string, item: Import): string | false {
  const { specifier } = item;
  if (specifier === "(computed)") return "computes what it imports";
  if (HAS_DRIVER.test(file) || /^(\.|node:)/.test(specifier)) return false;
  const least = PACKAGES[specifier.split("/")[0]!];
  return (least === undefined || (levelOf(file) ?? 0) < least) &&
    "may not import a package";
}

/** The file within src/ that an import names, none for a package. */
function targetOf(file: string, { specifier }: Import): string | undefined {
  return specifier.startsWith(".")
    ? path.posix.join(path.posix.dirname(file), specifier)
    : undefined;
}

/** What is imported that is not in src, by a file or whatever it imports itself. */
function packagesBelow(entry: string): string[] {
  const seen = new Set([entry]);
  const packages = new Set<string>();
  for (const file of seen) {
    for (const item of parsed.get(file)!.imports) {
      const target = targetOf(file, item);
      if (target === undefined) packages.add(item.specifier);
      else seen.add(target);
    }
  }
  return [...packages];
}

function levelOf(file: string): number | undefined {
  const level = LEVELS.findIndex((names) =>
    names.some((name) =>
      name.endsWith("/") ? file.startsWith(name) : file === name
    )
  );
  return level < 0 ? undefined : level;
}

function isLeaf(file: string): boolean {
  return LEAVES.some((leaf) => file.startsWith(leaf));
}

function leafOf(file: string): string | undefined {
  return LEAVES.find((leaf) => file.startsWith(leaf));
}

/** The circle in which `file` stands, if it does, as the files on the way. */
function circleFrom(
  file: string,
  trail: string[] = [],
  seen: Set<string> = new Set(),
): string | undefined {
  if (trail[0] === file) return [...trail, file].join(" -> ");
  if (seen.has(file)) return undefined;
  seen.add(file);
  for (const item of parsed.get(file)?.imports ?? []) {
    const target = targetOf(file, item);
    const circle = target && circleFrom(target, [...trail, file], seen);
    if (circle) return circle;
  }
  return undefined;
}
