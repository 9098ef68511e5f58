import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { ROOT } from "../tools/command.ts";
import type { Block } from "../tools/markdown.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { checkPage } from "./check_page.ts";
import { checkTranscript } from "./check_transcript.ts";
import { blocksIn, documentsWithCode } from "./documents.ts";
import {
  type Documented,
  nameOf,
  RunningPrograms,
} from "./running_programs.ts";
import { masked } from "./transcript.ts";
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
  // Documents side by side, as most of the time is waiting; in each, what comes
  // later may build on what a command before it has published.
  if (CURL) begin(ofKind("transcript"), checkTranscript);
  if (browser) begin(ofKind("page"), checkPage.bind(undefined, browser));
});

afterAll(async () => {
  await browser?.close();
  await running?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

/** How checks that have begun ended: with an error, or `undefined`. */
const checks: Map<Treated, Promise<unknown>> = new Map();

function begin(
  items: readonly Treated[],
  check: (code: string, port: number) => Promise<void>,
): void {
  const last = new Map<string, Promise<unknown>>();
  for (const item of items) {
    const { block: { file, code }, above } = item;
    const ended = Promise.resolve(last.get(file))
      .then(() => portOf(above))
      .then((port) => check(code, port))
      .then(() => undefined, (error) => error);
    last.set(file, ended);
    checks.set(item, ended);
  }
}

async function checked(item: Treated): Promise<void> {
  const error = await checks.get(item);
  if (error !== undefined) throw error;
}

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
  for (const item of ofKind("transcript")) {
    it({
      name: `${nameOf(item.block)} is what commands print${CURL_HINT}`,
      ignore: !CURL,
      fn: async () => await checked(item),
    });
  }
});

describe("the documentation's code for pages", () => {
  for (const item of ofKind("page")) {
    it({
      name: `${
        nameOf(item.block)
      } opens its streams in Chromium${CHROMIUM_HINT}`,
      ignore: CHROMIUM === undefined,
      fn: async () => await checked(item),
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

/** Where the nearest program above listens that does. */
async function portOf(above: readonly Program[]): Promise<number> {
  for (const { block } of above) {
    const { ports: [port] } = await running.started(block);
    if (port !== undefined) return port;
  }
  throw new Error("No program above it listens");
}
