import { SSEServer, type SSEServerOptions } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe } from "@std/testing/bdd";
import { Hono } from "hono";
import type { Browser, Locator, Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { SideBySide } from "../tools/side_by_side.ts";
import { TestServer } from "../tools/sockets.ts";

const KEY = "a-key-for-the-tests";
const MOUNT = "/app/live";
const MARKUP = "<img src=x onerror=\"window.broken='yes'\">";

/** A page, with everything in it that a browser complains about. */
interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly errors: string[];
}

describe("the console's page in Chromium", () => {
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (CHROMIUM !== undefined) browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());
  // A console tells of something new once a second.
  const tests = new SideBySide(4);

  function test(
    name: string,
    fn: () => Promise<void>,
    ignore = CHROMIUM === undefined,
  ): void {
    tests.it(`${name}${CHROMIUM_HINT}`, { ignore }, fn);
  }

  async function open(
    { port }: TestServer,
    { query = `?key=${KEY}`, width = 1280 } = {},
  ): Promise<Visit> {
    const context = await browser!.newContext({
      viewport: { width, height: 900 },
    });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (line) => {
      if (line.type() === "error") errors.push(line.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://localhost:${port}${MOUNT}/admin/${query}`);
    await reads(page, "#connection", "Live");
    return {
      page,
      errors,
      [Symbol.asyncDispose]: () => context.close(),
    };
  }

  test("shows 50 streams, and a new one without a reload", async () => {
    await using server = await start();
    await server.openMany(50, `${MOUNT}/subscribe/pets/dogs`);
    await using visit = await open(server);
    const { page, errors } = visit;
    await reads(page, "#streams-count", "50");
    assertEquals(await page.locator("#streams-body tr").count(), 50);
    await reads(page, "#streams-value", "50");
    // Nobody else shares the server's engine.
    assert(await page.locator("#engine").isHidden());
    assert(await page.locator("#engine-banner").isHidden());
    await page.evaluate("window.loadedOnce = true");

    await server.open(`${MOUNT}/subscribe/orders`, {
      headers: { "User-Agent": "curl/8.5.0" },
    });
    const row = page.locator("#streams-body tr").filter({
      hasText: "/orders",
    });
    await row.waitFor();
    assertEquals(
      await row.locator("td.client").innerText(),
      [
        "127.0.0.1",
        "curl 8.5",
      ].join("\n"),
    );
    assertEquals(await page.evaluate("window.loadedOnce"), true);
    assertEquals(errors, []);
  });

  test("keeps its rows, so that focus and selection survive", async () => {
    await using server = await start();
    await server.openMany(3, `${MOUNT}/subscribe/pets`);
    await using visit = await open(server);
    const { page, errors } = visit;
    await reads(page, "#streams-count", "3");
    await page.evaluate(`
      window.rows = [...document.querySelectorAll("#streams-body tr")];
      rows[1].querySelector("button").focus();
      getSelection().selectAllChildren(rows[2].querySelector("td"));
    `);
    await server.open(`${MOUNT}/subscribe/pets`);
    await reads(page, "#streams-count", "4");
    assertEquals(
      await page.evaluate(`[
        rows.every((row) => row.isConnected),
        rows[1].contains(document.activeElement),
        String(getSelection()),
      ]`),
      [true, true, "/pets"],
    );
    assertEquals(errors, []);
  });

  test("disconnects a stream and all of a namespace, once asked twice", async () => {
    await using server = await start();
    const [alone] = await server.openMany(1, `${MOUNT}/subscribe/alone`);
    const dogs = await server.openMany(3, `${MOUNT}/subscribe/dogs`);
    await using visit = await open(server);
    const { page, errors } = visit;
    await reads(page, "#streams-count", "4");

    const button = page.locator("#streams-body tr")
      .filter({ hasText: "/alone" }).locator("button");
    await confirm(button, server);
    await alone!.done();
    await server.settles(3);
    await reads(page, "#streams-count", "3");

    await treeRow(page, "dogs").click();
    const all = page.locator("#disconnect-all");
    await confirm(all, server);
    for (const dog of dogs) await dog.done();
    await reads(page, "#toast", "Streams of /dogs: 3 disconnected");
    await reads(page, "#streams-none", "No stream matches.");
    assertEquals(errors, []);
  });

  test("watches the events of a namespace", async () => {
    await using server = await start();
    await server.open(`${MOUNT}/subscribe/pets`);
    await using visit = await open(server);
    const { page, errors } = visit;
    await treeRow(page, "pets").click();
    await page.locator("#watch-button").click();
    const entries = page.locator("#watch-list .entry");
    await untilShown(
      () => {
        server.sse.broadcast({ namespace: "/other", data: "not asked for" });
        server.sse.broadcast({
          namespace: "/pets/dogs",
          event: "new-dog",
          data: { breed: "Corgi", id: 12345678901234567n.toString() },
        });
      },
      () => entries.count(),
    );
    const entry = entries.first();
    assertEquals(await entry.locator(".event-name").innerText(), "new-dog");
    assertEquals(await entry.locator(".namespace").innerText(), "/pets/dogs");
    assertEquals(
      await entry.locator(".data").innerText(),
      '{ "breed": "Corgi", "id": "12345678901234567" }',
    );
    const text = await page.locator("#watch-list").innerText();
    assert(!text.includes("not asked for"), text);

    await page.locator("#watch-pause").click();
    const before = await entries.count();
    server.sse.broadcast({ namespace: "/pets", data: "while paused" });
    await page.locator("#watch-note", { hasText: "1 waiting" }).waitFor();
    assertEquals(await entries.count(), before);
    await page.locator("#watch-pause").click();
    await entries.filter({ hasText: "while paused" }).waitFor();
    await page.locator("#watch-clear").click();
    assertEquals(await entries.count(), 0);
    assertEquals(errors, []);
  });

  test("shows hostile names as text that breaks nothing", async () => {
    await using server = await start();
    const names = [
      `/${MARKUP}`,
      "/</script><script>window.broken='yes'",
      "/\u202Eright-to-left/\u05E9\u05DC\u05D5\u05DD",
      `/${"x".repeat(1_000)}`,
      "/__proto__/constructor",
    ];
    const agents = [MARKUP, "</script><script>broken=1</script>"];
    for (const [index, name] of names.entries()) {
      const path = name.split("/").map(encodeURIComponent).join("/");
      await server.open(`${MOUNT}/subscribe${path}`, {
        headers: { "User-Agent": agents[index] ?? "y".repeat(1_000) },
      });
    }
    for (const width of [1280, 390]) {
      await using visit = await open(server, { width });
      const { page, errors } = visit;
      await reads(page, "#streams-count", "5");
      for (const name of names) {
        const shown = page.locator("#streams-body td.namespace bdi")
          .and(page.getByTitle(name, { exact: true }));
        assertEquals(await shown.textContent(), name);
      }
      for (const agent of agents) {
        await page.locator("#streams-body td.client bdi")
          .and(page.getByTitle(agent, { exact: true })).waitFor();
      }
      await treeRow(page, MARKUP).click();
      await page.locator("#watch-button").click();
      await untilShown(
        () =>
          server.sse.broadcast({
            namespace: names[0]!,
            event: MARKUP,
            data: `</script>${MARKUP}`,
          }),
        () => page.locator("#watch-list .entry").count(),
      );
      const entry = page.locator("#watch-list .entry").first();
      assertEquals(await entry.locator(".event-name").innerText(), MARKUP);
      assertEquals(
        await entry.locator(".data").innerText(),
        `</script>${MARKUP}`,
      );
      assertEquals(
        await page.evaluate(`[
          typeof broken,
          document.images.length,
          document.scripts.length,
          document.documentElement.scrollWidth <= innerWidth,
        ]`),
        ["undefined", 0, 1, true],
      );
      assertEquals(errors, []);
    }
  });

  test("offers no action to who may only read, and says what it takes", async () => {
    await using server = await start();
    await server.open(`${MOUNT}/subscribe/pets`);
    await using visit = await open(server, { query: "" });
    const { page, errors } = visit;
    await reads(page, "#streams-count", "1");
    assert(await page.locator("#read-only").isVisible());
    assert(await page.locator("#streams-body button").isHidden());
    await treeRow(page, "pets").click();
    await page.locator("#selection-clear").waitFor();
    assert(await page.locator("#watch-button").isHidden());
    assert(await page.locator("#disconnect-all").isHidden());
    assertEquals(errors, []);
  });

  test("lists the busiest of many namespaces, and says what it leaves out", async () => {
    await using server = await start();
    for (let i = 0; i <= 1_000; i++) {
      await server.sse.fetch(
        new Request(`http://localhost/subscribe/users/${i}`),
      );
    }
    await server.sse.publish({ namespace: "/users/1000", data: "last" });
    await using visit = await open(server);
    const { page, errors } = visit;
    await reads(page, "#tree-count", "1,001");
    await reads(
      page,
      "#tree-left",
      "The other 1, with fewest streams, are neither listed nor added up here.",
    );
    assertMatch(
      await page.locator("[role=treeitem]").first().getAttribute(
        "aria-label",
      ) ?? "",
      /^\/: 1,001 streams, /,
    );
    const users = treeRow(page, "users");
    assertMatch(
      await users.getAttribute("aria-label") ?? "",
      /^\/users: 1,000 streams, .* last event \d+ \w+ ago$/,
    );
    assertEquals(errors, []);
  });

  test("is operated by keyboard", async () => {
    await using server = await start();
    await server.open(`${MOUNT}/subscribe/pets/dogs`);
    await server.open(`${MOUNT}/subscribe/orders`);
    await using visit = await open(server);
    const { page, errors } = visit;
    await treeRow(page, "dogs").waitFor();
    await page.locator("#tree [tabindex='0']").focus();
    for (const key of ["End", "ArrowLeft", "ArrowLeft", "Enter"]) {
      await page.keyboard.press(key);
    }
    await reads(page, "#selection-name", "/pets");
    assertEquals(await treeRow(page, "dogs").count(), 0);
    await page.keyboard.press("ArrowRight");
    await treeRow(page, "dogs").waitFor();
    await reads(page, "#streams-count", "1");
    await page.keyboard.press("/");
    await page.keyboard.type("nobody");
    await reads(page, "#streams-none", "No stream matches.");
    assertEquals(errors, []);
  });

  test("says so when the server goes away, and recovers by itself", async () => {
    const first = await start(await freePort());
    await using visit = await open(first);
    const { page, errors } = visit;
    {
      await using _first = first;
      assertEquals(errors, []);
    }
    await reads(page, "#connection", "Connection lost");
    assert(await page.locator("#banner").isVisible());

    await using server = await start(first.port);
    await reads(page, "#connection", "Live");
    assert(await page.locator("#banner").isHidden());
    await server.open(`${MOUNT}/subscribe/again`);
    await page.locator("#streams-body tr").filter({ hasText: "/again" })
      .waitFor();
    assertEquals(
      errors.filter((error) => !error.startsWith("Failed to load resource")),
      [],
    );
  });

  test("tells that the key is another one, and goes on with what needs none", async () => {
    const first = await start(await freePort());
    await using visit = await open(first);
    const { page } = visit;
    {
      await using _first = first;
      await first.open(`${MOUNT}/subscribe/pets`);
      await treeRow(page, "pets").click();
      await page.locator("#watch-button").click();
      await reads(page, "#watch-button", "Stop watching");
    }
    await reads(page, "#connection", "Connection lost");

    await using _server = await start(first.port, {
      admin: { key: `${KEY} of now` },
    });
    await reads(page, "#connection", "Live");
    assertMatch(
      await page.locator("#banner-text").textContent() ?? "",
      /^The server does not let this page in any more/,
    );
    await page.locator("#read-only").waitFor();
    assert(await page.locator("#watch").isHidden());
  });

  test(
    `shows that Redis is away, and that readers stay${REDIS_HINT}`,
    async () => {
      await using shared = await RedisServer.start();
      await using server = await start(0, {
        engine: redis({ url: shared.url }),
        onError: () => {},
      });
      const reader = await server.open(`${MOUNT}/subscribe/pets`);
      await using visit = await open(server);
      const { page, errors } = visit;
      const banner = page.locator("#engine-banner");
      await reads(page, "#engine-state", "connected");
      await reads(page, "#engine-name", "Redis");
      const id = await server.sse.publish({ namespace: "/pets", data: "a" });
      await reads(page, "#engine-epoch", id.split("-")[0]!);
      await reads(page, "#engine-lag", "0 events");
      const { losses } = server.sse.status().engine!;
      await reads(page, "#engine-losses", `${losses}`);
      assert(await banner.isHidden());

      await shared.kill();
      await reads(page, "#engine-state", "away");
      await reads(page, "#engine-losses", `${losses + 1}`);
      assert(await banner.isVisible());
      assertMatch(
        await banner.innerText(),
        /^Redis is away\. Nothing can be published; readers stay/,
      );
      await reads(page, "#news", "Redis is away");
      assertMatch(await page.title(), /^Redis is away · /);
      await reads(page, "#connection", "Live");
      await reads(page, "#streams-value", "1");
      assertEquals(await page.locator("#streams-body tr").count(), 1);

      await shared.start();
      await reads(page, "#engine-state", "connected");
      await reads(page, "#news", "Redis is back");
      assert(await banner.isHidden());
      await server.sse.publish({ namespace: "/pets", data: "b" });
      await reader.hearsLast("data:b\n\n");
      assertEquals(reader.ending, "open");
      assertEquals(errors, []);
    },
    CHROMIUM === undefined || REDIS === undefined,
  );
});

/** A server within an app, so that nothing may rely on its place. */
async function start(
  port: number = 0,
  options: SSEServerOptions = {},
): Promise<TestServer> {
  const sse = new SSEServer({ retry: false, admin: { key: KEY }, ...options });
  const app = new Hono().route(MOUNT, sse.app);
  const handle = await sse.serve({
    port,
    hostname: "127.0.0.1",
    fetch: app.fetch,
    log: false,
    signals: false,
  });
  return new TestServer(sse, handle);
}

/**
 * Waits until an element's text is this. Not with waitForFunction(): the page's
 * policy forbids what that does.
 */
async function reads(
  page: Page,
  selector: string,
  text: string,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  let shown: string | null = null;
  do {
    if (performance.now() > deadline) {
      throw new Error(`${selector} is to read ${text}, and reads ${shown}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    shown = await page.locator(selector).textContent();
  } while (shown !== text);
}

/** Does something again and again until it shows: a watch takes a while to begin. */
async function untilShown(
  act: () => unknown,
  count: () => Promise<number>,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (await count() === 0) {
    assertLess(performance.now(), deadline);
    await act();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * Presses a button that asks before it ends streams, and once more. It asks for three
 * seconds, so that a machine that stands still meanwhile makes it ask again.
 */
async function confirm(button: Locator, server: TestServer): Promise<void> {
  const { streams } = server;
  for (let attempts = 0; server.streams === streams; attempts++) {
    assertLess(attempts, 5);
    await button.click();
    assertEquals(await button.textContent(), "Sure?");
    await new Promise((resolve) => setTimeout(resolve, 400));
    assertEquals(server.streams, streams);
    await button.click();
    const asksUntil = performance.now() + 5_000;
    while (server.streams === streams && performance.now() < asksUntil) {
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

/** The row of the tree with this label. */
function treeRow(page: Page, label: string) {
  return page.locator("#tree [role=treeitem]").filter({
    has: page.locator(".name bdi").getByText(label, { exact: true }),
  });
}
