import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { settingsOf } from "../../src/settings.ts";
import { ROOT } from "../tools/command.ts";
import { RUNTIME } from "../tools/sockets.ts";
import { documentsWithCode, textOf } from "./documents.ts";
import { sectionsOf, type Table, tablesOf } from "./tables.ts";

/** Where the options are declared that docs/options.md has a table of. */
const DECLARED: Readonly<Record<string, readonly string[]>> = {
  "src/options.ts": [
    "SSEServerOptions",
    "HistoryOptions",
    "SSEServerLimits",
    "CORSOptions",
    "PublishOptions",
    "AdminOptions",
  ],
  "src/serving.ts": ["ServeOptions"],
  "src/call_options.ts": ["SubscribeOptions", "TicketGrant", "CloseOptions"],
  "src/grant.ts": ["Grant"],
  "src/disconnect.ts": ["DisconnectFilter"],
  "src/http/jwt.ts": ["JWTAuthorizerOptions"],
  "src/engines/redis.ts": ["RedisOptions"],
};

/** A name that reads better as a heading. */
const HEADINGS: Readonly<Record<string, string>> = {
  SSEServerLimits: "Limits",
};

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
  for (const [file, names] of Object.entries(DECLARED)) {
    for (const name of names) {
      it(`has every option of ${name}, with its default`, () => {
        const section = sections.get(HEADINGS[name] ?? name) ?? "";
        const options = declared(textOf(file), name);
        assertNotEquals(options.size, 0);
        assertEquals(
          Object.fromEntries(documented(tablesOf(section)[0]!)),
          Object.fromEntries(options),
        );
      });
    }
  }

  it("has no other tables", () => {
    const names = Object.values(DECLARED).flat().map((name) =>
      HEADINGS[name] ?? name
    );
    const others = [...sections].filter(([heading, text]) =>
      !names.includes(heading) && tablesOf(text).length > 0
    );
    assertEquals(others, []);
  });

  it("has the defaults that hold", () => {
    const { limits, history, ...rest } = settingsOf({ history: true });
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
