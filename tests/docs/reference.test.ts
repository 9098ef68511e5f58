import {
  assert,
  assertEquals,
  assertExists,
  assertNotEquals,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { serverSettingsOf } from "../../src/server_settings.ts";
import { ROOT } from "../tools/command.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { documentsWithCode, textOf } from "./documents.ts";
import { sectionsOf, type Table, tablesOf } from "./tables.ts";

/**
 * The sections of documents that have a table of options, and the interfaces that
 * declare these, by file.
 */
const DECLARED: readonly Section[] = [
  {
    heading: "SSEServerOptions",
    interfaces: [
      ["src/options.ts", "SSEHubOptions"],
      ["src/server_options.ts", "SSEServerOptions"],
    ],
  },
  section("src/options.ts", "HistoryOptions"),
  section("src/options.ts", "SSEServerLimits", "Limits"),
  section("src/server_options.ts", "CORSOptions"),
  section("src/server_options.ts", "PublishOptions"),
  section("src/server_options.ts", "AdminOptions"),
  section("src/serving.ts", "ServeOptions"),
  section("src/call_options.ts", "SubscribeOptions"),
  section("src/call_options.ts", "TicketGrant"),
  section("src/call_options.ts", "CloseOptions"),
  section("src/grant.ts", "Grant"),
  section("src/disconnect.ts", "DisconnectFilter"),
  section("src/http/jwt.ts", "JWTAuthorizerOptions"),
  section("src/engines/redis.ts", "RedisOptions"),
  section("src/client/options.ts", "SSEClientOptions"),
  section("src/client/options.ts", "SubscriptionOptions"),
];

interface Section {
  readonly heading: string;
  readonly interfaces: readonly (readonly [file: string, name: string])[];
}

function section(file: string, name: string, heading = name): Section {
  return { heading, interfaces: [[file, name]] };
}

/** The properties of an interface, and what their docs say is the default. */
function declared(source: string, name: string): Map<string, string> {
  const start = new RegExp(`^export interface ${name}\\b[^]*?\\{\\n`, "m");
  const found = start.exec(source);
  assert(found !== null, `There is no interface ${name}`);
  const begin = found.index + found[0].length;
  const body = source.slice(begin, source.indexOf("\n}\n", begin));
  const properties = /(\/\*\*(?:(?!\*\/)[^])*\*\/)\s*readonly (\w+)\??:/g;
  return new Map(
    [...body.matchAll(properties)].map(([, doc, property]) => [
      property!,
      /@default \{(.+)\}/.exec(doc!)?.[1] ?? "",
    ]),
  );
}

/** The same as a table says. A default that is code is one; words are none. */
function documented(table: Table): Map<string, string> {
  return new Map(
    table.rows.map(([name, value]) => [
      name!.replaceAll("`", ""),
      /^`(.*)`$/.exec(value!)?.[1] ?? "",
    ]),
  );
}

describe("docs/options.md", () => {
  const sections = sectionsOf(textOf("docs/options.md"));
  for (const { heading, interfaces } of DECLARED) {
    it(`has every option of ${heading}, with its default`, () => {
      const options = new Map(
        interfaces.flatMap(([file, name]) => {
          const found = declared(textOf(file), name);
          assertNotEquals(found.size, 0);
          return [...found];
        }),
      );
      const [table] = tablesOf(sections.get(heading) ?? "");
      assertExists(table, `There is no table of ${heading}`);
      const told = documented(table);
      assertEquals([...told.keys()].sort(), [...options.keys()].sort());
      for (const [name, value] of told) {
        assertEquals(value, options.get(name), name);
      }
    });
  }

  it("has no other tables", () => {
    const names = DECLARED.map(({ heading }) => heading);
    const others = [...sections].filter(([heading, text]) =>
      !names.includes(heading) && tablesOf(text).length > 0
    );
    assertEquals(others, []);
  });

  it("has the defaults that hold", () => {
    const { limits, history, ...rest } = serverSettingsOf({
      history: true,
    });
    const held: Record<string, Record<string, unknown>> = {
      SSEServerOptions: { ...rest },
      HistoryOptions: { ...history },
      Limits: { ...limits },
    };
    let compared = 0;
    for (const [heading, values] of Object.entries(held)) {
      const [table] = tablesOf(sections.get(heading)!);
      for (const [name, text] of documented(table!)) {
        if (!/^[\d_]+$/.test(text)) continue;
        assertEquals(Number(text.replaceAll("_", "")), values[name], name);
        compared++;
      }
    }
    assertEquals(compared, 13);
  });
});

describe("docs/command-line.md", () => {
  it("has every option of the hub, with its variable and default", () => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        ...{ deno: ["run", "-A", "--no-check"], bun: ["run"], node: [] }[
          RUNTIME
        ],
        "src/cli.ts",
        "--help",
      ],
      { cwd: ROOT, encoding: "utf8" },
    );
    // An option begins a line; what it is goes on over the next ones.
    const shown = stdout.replace(/\n {10,}/g, " ").split("\n").flatMap(
      (line) => {
        const [, option] = /^ {2}((?:-\w, )?--\S.*?)(?: {2,}|$)/.exec(line) ??
          [];
        if (option === undefined || /--(help|version)$/.test(option)) return [];
        const [, variable] = /env: (\w+)/.exec(line) ?? [];
        const [, value] = /default: ("\w[^"]*"|\d+)[,)]/.exec(line) ?? [];
        return [[option, variable ?? "", value ?? ""].join(" | ")];
      },
    );
    assertNotEquals(shown.length, 0);
    const section = sectionsOf(textOf("docs/command-line.md")).get("Options")!;
    const [table] = tablesOf(section);
    assertEquals(
      table!.rows.map((row) =>
        row.slice(0, 3).map((cell) => /^`(.*)`$/.exec(cell)?.[1] ?? "").join(
          " | ",
        )
      ),
      shown,
    );
  });
});

describe("the documentation", () => {
  it("names metrics that are there, and all of them", () => {
    const source = textOf("src/admin/metrics.ts");
    const metrics = new Set(
      [...source.matchAll(/(?:family|histogram)\(\s*"(\w+)"/g)]
        .map(([, name]) => `sse_${name}`),
    );
    const named = (file: string) =>
      [...textOf(file).matchAll(/\bsse_\w+/g)].map(([name]) => name);
    assertEquals(new Set(named("docs/console.md")), metrics);
    for (const file of documentsWithCode()) {
      assertEquals(named(file).filter((name) => !metrics.has(name)), [], file);
    }
  });

  it("names reasons of the metrics that are there", () => {
    const source = textOf("src/counters.ts");
    for (const file of documentsWithCode()) {
      for (const [, reason] of textOf(file).matchAll(/\{reason="(\w+)"\}/g)) {
        assert(source.includes(`| "${reason}"`), `${file}: ${reason}`);
      }
    }
  });
});
