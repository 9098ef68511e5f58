import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { ROOT } from "../tools/command.ts";
import { type Block, blocksOf } from "../tools/markdown.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { RawClient, RUNTIME, until } from "../tools/sockets.ts";
import { blocksIn, documentsWithCode } from "./documents.ts";
import {
  type Documented,
  nameOf,
  RunningPrograms,
} from "./running_programs.ts";
import {
  type Command,
  commandsOf,
  epochIn,
  masked,
  namesAnId,
  withEpoch,
} from "./transcript.ts";
import { type Treatment, treatmentOf } from "./treatment.ts";

const CURL = spawnSync("curl", ["--version"]).status === 0;
const CURL_HINT = CURL ? "" : " (needs: apt-get install curl)";

/** A block, and what the tests do with it. */
interface Treated {
  readonly block: Block;
  readonly treatment: Treatment;
  /** The programs above it in its document that run on this runtime, nearest first. */
  readonly above: readonly Program[];
}

interface Program extends Documented {
  readonly redis: boolean;
}

const blocks = documentsWithCode().map(blocksIn);
const untreated: unknown[] = [];
const programs: Program[] = [];
const treated: Treated[] = blocks.flatMap((blocks) => {
  let above: readonly Program[] = [];
  return blocks.flatMap((block, i) => {
    try {
      const treatment = treatmentOf(block);
      if (isRunHere(treatment)) {
        const sends = sentBy(blocks.slice(i + 1));
        const program = { block, sends, redis: treatment.redis };
        programs.push(program);
        above = [program, ...above];
      }
      return [{ block, treatment, above }];
    } catch (error) {
      untreated.push(error);
      return [];
    }
  });
});

function isRunHere(
  treatment: Treatment,
): treatment is Extract<Treatment, { kind: "program" }> {
  return treatment.kind === "program" && treatment.runtimes.includes(RUNTIME);
}

/** What a program should send, where the next block of the document says that. */
function sentBy([next]: readonly Block[]): string | undefined {
  return next?.language === "text" && treatmentOf(next).kind === "sent"
    ? next.code
    : undefined;
}

function ofKind(kind: Treatment["kind"]): Treated[] {
  return treated.filter(({ treatment }) => treatment.kind === kind);
}

let redis: RedisServer | undefined;
let running: RunningPrograms;
let browser: Browser | undefined;

beforeAll(async () => {
  if (REDIS !== undefined) redis = await RedisServer.start();
  running = new RunningPrograms(
    programs.filter(({ redis }) => !redis || REDIS !== undefined),
    redis?.url,
  );
  if (CHROMIUM !== undefined) browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await running?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

describe("the programs of the documentation", () => {
  for (const { block, redis } of programs) {
    it({
      name: `${nameOf(block)} runs${redis ? REDIS_HINT : ""}`,
      ignore: redis && REDIS === undefined,
      fn: async () => void await running.started(block),
    });
  }

  for (const { block, above: [program] } of ofKind("sent")) {
    it(`${nameOf(block)} is what the program above it sends`, async () => {
      const { sent } = await running.started(program!.block);
      // A document has no empty line at the end of a block.
      assertEquals(masked(sent!).trimEnd(), masked(block.code).trimEnd());
    });
  }
});

describe("what the documentation shows of a terminal", () => {
  for (const { block, above } of ofKind("transcript")) {
    it({
      name: `${nameOf(block)} is what commands print${CURL_HINT}`,
      ignore: !CURL,
      fn: async () => {
        const port = await portOf(above);
        let before = "";
        for (const command of commandsOf(block.code)) {
          before += await checkCommand(command, port, before);
        }
      },
    });
  }
});

describe("the documentation's code for pages", () => {
  for (const { block, above } of ofKind("page")) {
    it({
      name: `${nameOf(block)} opens its streams in Chromium${CHROMIUM_HINT}`,
      ignore: CHROMIUM === undefined,
      fn: async () => await checkPage(block.code, await portOf(above)),
    });
  }
});

describe("the documentation's code", () => {
  it("is treated in some way, every block of it", () => {
    assertEquals(untreated.map(String), []);
  });

  it("is run by the tests that it names", () => {
    for (const { block, treatment } of treated) {
      if (treatment.kind !== "elsewhere") continue;
      assertMatch(treatment.test, /^tests\/.+\.test\.ts$/, nameOf(block));
      assert(existsSync(path.join(ROOT, treatment.test)), nameOf(block));
    }
  });

  it("complains of nothing while it runs", () => {
    assertEquals(running.failures, []);
    assert(!running.hasEnded, "The programs have ended");
  });
});

describe("a block of code", () => {
  const block = (text: string) => blocksOf(text, "a.md")[0]!;

  it("is found with its mark, also where it is indented", () => {
    assertEquals(
      blocksOf(
        "# A\n\n<!-- runs on: bun -->\n\n```js\na\n\n  b\n```\n\n- c\n\n  ```sh\n  d\n  ```\n",
        "a.md",
      ),
      [
        {
          file: "a.md",
          line: 5,
          language: "js",
          isIgnored: false,
          code: "a\n\n  b\n",
          mark: "<!-- runs on: bun -->",
        },
        {
          file: "a.md",
          line: 13,
          language: "sh",
          isIgnored: false,
          code: "d\n",
          mark: undefined,
        },
      ],
    );
    assertThrows(
      () => blocksOf("a\n```ts\nb\n", "a.md"),
      SyntaxError,
      "a.md:2 begins a block that has no end",
    );
  });

  it("is treated by its language and mark", () => {
    const treatments: Record<string, Treatment> = {
      "```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: false,
      },
      "<!-- runs on: deno, bun -->\n```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun"],
        redis: false,
      },
      "<!-- runs with: redis -->\n\n```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: true,
      },
      "```js\n```": { kind: "page" },
      '```js\nimport a from "a";\n```': {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: false,
      },
      "```console\n```": { kind: "transcript" },
      "<!-- sent by the program above -->\n```text\n```": { kind: "sent" },
      "<!-- run by: tests/a.test.ts -->\n```sh\n```": {
        kind: "elsewhere",
        test: "tests/a.test.ts",
      },
      "<!-- not run here: needs a registry -->\n```sh\n```": {
        kind: "unrun",
        why: "needs a registry",
      },
      "_Not run here: needs Astro._\n\n```ts ignore\n```": {
        kind: "unrun",
        why: "needs Astro",
      },
    };
    for (const [text, treatment] of Object.entries(treatments)) {
      assertEquals(treatmentOf(block(text)), treatment, text);
    }
  });

  it("fails the tests where nothing says how to treat it", () => {
    const wrong: Record<string, string> = {
      "```sh\n```":
        'a.md:1 needs a mark that says how it is tested, as its language is "sh"',
      "```\n```": 'as its language is ""',
      "```ts ignore\n```": "has no checked types",
      "<!-- runs on: rhino -->\n```ts\n```": "has a mark that is none",
      "<!-- ignore -->\n```ts\n```": "has a mark that is none",
      "<!-- runs on: deno -->\n```sh\n```": "has a mark that is none",
      "<!-- sent by the program above -->\n```sh\n```":
        "has a mark that is none",
      "<!-- not run here: no time -->\n```sh\n```": "has a mark that is none",
      "<!-- not run here: needs Astro -->\n```ts\n```":
        "readers have to see it",
    };
    for (const [text, message] of Object.entries(wrong)) {
      assertThrows(() => treatmentOf(block(text)), SyntaxError, message);
    }
    // A mark is right above its block, or it is none.
    assertThrows(
      () =>
        treatmentOf(block("<!-- not run here: needs X -->\n\na\n\n```sh\n```")),
      SyntaxError,
      "needs a mark",
    );
  });

  it("of a terminal is split into commands and what they print", () => {
    assertEquals(
      commandsOf("$ a \\\n    b\nc\n\nd\n$ e\nf \\\n"),
      [
        { command: "a \\\n    b", output: "c\n\nd\n" },
        { command: "e", output: "f \\\n" },
      ],
    );
    assertThrows(() => commandsOf("a\n"), SyntaxError, 'begins with "$ "');
    assertEquals(
      masked('retry:1234\nid:tphhru1c0l-12\n{"id":"a1b2c3d4e5-3"}\n'),
      'retry:MS\nid:EPOCH-12\n{"id":"EPOCH-3"}\n',
    );
  });
});

/** Where the nearest program above listens that does. */
async function portOf(above: readonly Program[]): Promise<number> {
  for (const { block } of above) {
    const { ports: [port] } = await running.started(block);
    if (port !== undefined) return port;
  }
  throw new Error("No program above it listens");
}

/**
 * Runs a command against a program; a stream until it has printed as much. Returns
 * what it has printed.
 *
 * @param before What the commands before it have.
 */
async function checkCommand(
  { command, output }: Command,
  port: number,
  before: string,
): Promise<string> {
  const epoch = namesAnId(command)
    ? epochIn(before) ?? await epochOf(port)
    : "";
  const line = withEpoch(command, epoch)
    .replaceAll("localhost:8001", `127.0.0.1:${port}`)
    // Through a pipe it would keep back what it has, unlike on a terminal.
    .replaceAll(/\bcurl /g, "curl --silent --no-buffer ");
  const child = spawn("sh", ["-c", `exec ${line}`]);
  let printed = "";
  let ended = false;
  child.stdout.on("data", (text) => printed += text);
  child.stderr.on("data", (text) => printed += text);
  child.on("close", () => ended = true);
  const lines = output.split("\n").length;
  await until(
    () => ended || printed.split("\n").length >= lines,
    () => `the output of ${line}: ${printed}`,
  );
  if (!ended) child.kill();
  await until(() => ended, () => `the end of ${line}`);
  const begin = printed.split("\n").slice(0, lines - 1);
  assertEquals(
    masked(begin.map((text) => `${text}\n`).join("") || printed),
    masked(output),
  );
  return printed;
}

/** What the ids of a program with a history begin with. */
async function epochOf(port: number): Promise<string> {
  const client = new RawClient(port, "/subscribe/");
  await until(() => epochIn(client.body) !== undefined, "the id of a stream");
  client.leave();
  return epochIn(client.body)!;
}

async function checkPage(code: string, port: number): Promise<void> {
  const page = await browser!.newPage();
  try {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.addInitScript(`
      globalThis.streams = [];
      globalThis.EventSource = class extends EventSource {
        constructor(...args) {
          super(...args);
          streams.push(this);
          this.addEventListener("open", () => this.hasOpened = true);
        }
      };
    `);
    await page.goto(`http://127.0.0.1:${port}/`);
    const local = code.replaceAll("http://localhost:8001", "");
    await page.evaluate(`(async () => {\n${local}\n})()`);
    await page.waitForFunction(
      `streams.length > 0 && streams.every((stream) => stream.hasOpened)`,
      undefined,
      { timeout: 20_000 },
    );
    assertEquals(errors, []);
  } finally {
    await page.close();
  }
}
