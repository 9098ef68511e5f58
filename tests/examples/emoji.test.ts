import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { Program } from "../tools/program.ts";
import { REDIS, REDIS_HINT } from "../tools/redis_server.ts";
import { SHOWS_PAGES } from "../tools/runtime.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

/** Runs it in a process of its own, on free ports and with a Redis of its own. */
async function start(path = process.env.PATH!): Promise<Program> {
  return new Program(`
    import process from "node:process";
    process.env.PORT = "${await freePort()}";
    process.env.PATH = ${JSON.stringify(path)};
    delete process.env.REDIS_URL;
    console.log("pid", process.pid);
    await import("../../examples/emoji/main.ts");
  `);
}

/** The ports of its two servers, once both listen. */
async function portsOf(example: Program): Promise<[number, number]> {
  await example.prints("Ctrl-C ends it all");
  const [first, second] = [
    ...example.output.matchAll(/(?:Open|and) +http:\/\/localhost:(\d+)\/$/gm),
  ].map(([, port]) => Number(port));
  return [first!, second!];
}

/** The processes that it has started, and those that these have. */
function descendants({ output }: Program): number[] {
  const rows = spawnSync("ps", ["-A", "-o", "pid=,ppid="]).stdout.toString()
    .trim().split("\n").map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.filter(([, ppid]) => ppid === parent)
      .flatMap(([pid]) => [pid!, ...below(pid!)]);
  return below(Number(/^pid (\d+)$/m.exec(output)![1]));
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const TOTALS = /^event:totals\ndata:.*\n\n/gm;

interface Event {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** The events that have come completely, but for those of the server itself. */
function eventsOf({ body }: RawClient): Event[] {
  return body.split("\n\n").slice(1, -1).map((block) => {
    const field = (name: string) =>
      new RegExp(`^${name}:(.*)$`, "m").exec(block)?.[1] ?? "";
    return { id: field("id"), event: field("event"), data: field("data") };
  }).filter(({ event, data }) => data !== "" && !event.startsWith("sse-"));
}

function addTo(sums: Record<string, number>, { data }: Event): void {
  const counts = Object.entries(JSON.parse(data) as Record<string, number>);
  for (const [code, count] of counts) sums[code] = (sums[code] ?? 0) + count;
}

describe("examples/emoji", () => {
  it({
    name: `has two servers that send the same, and leaves nothing${REDIS_HINT}`,
    ignore: REDIS === undefined,
    fn: async () => {
      await using example = await start();
      const ports = await portsOf(example);
      const started = descendants(example);

      const both = ports.map((port) =>
        new RawClient(port, "/subscribe?ns=/score&ns=/totals&latest")
      );
      const details = new RawClient(ports[0], "/subscribe/details");
      await until(
        () => both.every(({ body }) => (body.match(TOTALS) ?? []).length >= 3),
        () => `three totals of both: ${both.map(({ body }) => body)}`,
      );
      await until(() => details.body.split("\n\n").length > 20, "details");
      for (const client of [...both, details]) client.leave();

      // The first two may be the latest ones, which go without an id.
      const [one, other] = both.map((client) =>
        eventsOf(client).filter(({ id }) => id !== "")
      ) as [Event[], Event[]];
      const common = one.filter(({ id }) => other.some((e) => e.id === id));
      assert(common.length >= 10, `${common.length} events in common`);
      const at = other.findIndex(({ id }) => id === common[0]!.id);
      assertEquals(other.slice(at, at + common.length), common);

      // Nothing counts twice: totals are those before and the scores between.
      const [from, to] = one.keys().filter((i) => one[i]!.event === "totals")
        .toArray().slice(-2) as [number, number];
      const sums: Record<string, number> = {};
      for (const event of one.slice(from, to)) addTo(sums, event);
      assertEquals(sums, JSON.parse(one[to]!.data));

      for (const { data } of eventsOf(details)) {
        assertMatch(data, /^\{"text":".+","user":"\w+","at":\d{13}\}$/);
      }

      assert(started.length >= 4, `${started.length} processes`);
      example.signal("SIGINT");
      assertEquals(await example.end(), 0, example.output);
      await until(
        () => !started.some(isThere),
        () => `the end of ${started.filter(isThere)}`,
      );
    },
  });

  it({
    name: `leaves nothing when it is killed${REDIS_HINT}`,
    ignore: REDIS === undefined,
    fn: async () => {
      await using example = await start();
      await portsOf(example);
      const started = descendants(example);
      example.signal("SIGKILL");
      await example.end();
      await until(
        () => !started.some(isThere),
        () => `the end of ${started.filter(isThere)}`,
      );
    },
  });

  it("tells how to install a Redis where there is none", async () => {
    await using example = await start("/nowhere");
    assertEquals(await example.end(), 1);
    assertMatch(example.output, /^ +apt-get install redis-server /m);
    assertMatch(example.output, /^ +brew install redis /m);
  });

  const canShow = REDIS !== undefined && CHROMIUM !== undefined;
  if (SHOWS_PAGES) {
    it({
      name:
        `shows the ranking and the details of one${REDIS_HINT}${CHROMIUM_HINT}`,
      ignore: !canShow,
      fn: async () => {
        await using example = await start();
        const [port] = await portsOf(example);
        const browser = await launchChromium();
        try {
          const page = await browser.newPage();
          const errors: string[] = [];
          page.on("console", (line) => {
            if (line.type() === "error") errors.push(line.text());
          });
          page.on("pageerror", (error) => errors.push(String(error)));
          await page.goto(`http://localhost:${port}/`);
          await page.waitForFunction(
            "document.querySelectorAll('.tile').length > 200",
          );
          await page.locator("#state", { hasText: /^Live$/ }).waitFor();
          await page.locator(".tile[data-code='1F602']").click();
          assertEquals(new URL(page.url()).hash, "#1F602");
          await page.locator("#texts li", { hasText: "😂" }).first().waitFor();
          await page.keyboard.press("Escape");
          await page.locator("#details").waitFor({ state: "hidden" });
          assertEquals(
            await page.evaluate("document.activeElement.dataset.code"),
            "1F602",
          );
          assertEquals(errors, []);
        } finally {
          await browser.close();
        }
      },
    });
  }
});
