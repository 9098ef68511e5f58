import type { PublishOptions, SSEServerOptions } from "@sseserver/sseserver";
import { assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { spawn, spawnSync } from "node:child_process";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

const TOKEN = "0123456789abcdef";
const CURL_HINT = spawnSync("curl", ["--version"]).status === 0
  ? ""
  : " (needs: apt-get install curl)";

/** Below the path of the tickets' cookies, which reach no page elsewhere. */
const PAGE = "/subscribe/page";
const HTML = "<!DOCTYPE html><link rel=icon href=data:,>";

/** A request to anything but the page. */
interface Asked {
  readonly method: string;
  readonly path: string;
  /** What the browser says about where it comes from. */
  readonly site: string | null;
  readonly hasCookie: boolean;
  readonly status: number;
}

/** A page, and what it has reported. */
interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly heard: string[];
}

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchChromium();
});
afterAll(async () => await browser?.close());

function test(name: string, fn: () => Promise<void>, hint = ""): void {
  it({
    name: `${name}${CHROMIUM_HINT}${hint}`,
    ignore: CHROMIUM === undefined || hint !== "",
    fn,
  });
}

/** Starts a server that has a page besides its own routes. */
async function serve(
  options: SSEServerOptions,
  asked: Asked[] = [],
): Promise<TestServer> {
  const server: TestServer = await start(options, {
    fetch: async (request, info) => {
      const { method, headers } = request;
      const path = new URL(request.url).pathname;
      if (path === PAGE) {
        return new Response(HTML, { headers: { "Content-Type": "text/html" } });
      }
      const site = headers.get("sec-fetch-site");
      const hasCookie = headers.has("cookie");
      const response = await server.sse.fetch(request, info);
      asked.push({ method, path, site, hasCookie, status: response.status });
      return response;
    },
  });
  return server;
}

/** Opens a server's page in a browser that knows nothing yet. */
async function visit(
  { port }: TestServer,
  host = "127.0.0.1",
): Promise<Visit> {
  const context = await browser!.newContext();
  const page = await context.newPage();
  const heard: string[] = [];
  await page.exposeFunction("hear", (line: string) => {
    heard.push(line);
  });
  await page.goto(`http://${host}:${port}${PAGE}`);
  return { page, heard, [Symbol.asyncDispose]: () => context.close() };
}

/** Has a page listen to unnamed events and to those of one name. */
async function listen(page: Page, url: string, name = "none"): Promise<void> {
  await page.evaluate(`{
    const source = new EventSource(${JSON.stringify(url)});
    source.onopen = () => hear("open");
    source.onerror = () => hear("error " + source.readyState);
    source.onmessage = ({ data }) => hear(data);
    source.addEventListener(${JSON.stringify(name)}, ({ type, data }) => {
      hear(type + " " + JSON.parse(data).breed);
    });
  }`);
}

/** Waits for as many lines as are expected, which then have to be these. */
async function hears({ heard }: Visit, ...expected: string[]): Promise<void> {
  await until(
    () => heard.length >= expected.length,
    () => `${JSON.stringify(heard)} to be ${JSON.stringify(expected)}`,
  );
  assertEquals(heard, expected);
}

describe("a ticket in Chromium", () => {
  test("lets an EventSource in, and back in by a cookie that no script sees", async () => {
    const asked: Asked[] = [];
    await using server = await serve({
      authorize: () => false,
      history: true,
      retry: 100,
    }, asked);
    const { sse } = server;
    const say = (data: string) =>
      sse.broadcast({ namespace: "/users/42", data });
    const ticket = sse.ticket({ namespaces: ["/users/42"], user: "42" });
    const url = `/subscribe/users/42?ticket=${ticket}`;

    await using first = await visit(server);
    await listen(first.page, url);
    await hears(first, "open");
    say("one");
    await hears(first, "open", "one");

    assertEquals(sse.disconnect({ user: "42" }), 1);
    say("while away");
    const before = ["open", "one", "error 0", "open", "while away"];
    await hears(first, ...before);
    say("two");
    await hears(first, ...before, "two");
    assertEquals(
      asked.map(({ hasCookie, status }) => [hasCookie, status]),
      [[false, 200], [true, 200]],
    );

    await first.page.evaluate("document.cookie = 'own=1'");
    assertEquals(await first.page.evaluate("document.cookie"), "own=1");

    await using second = await visit(server);
    await listen(second.page, url);
    await hears(second, "error 2");
    assertEquals(
      asked.slice(2).map(({ hasCookie, status }) => [hasCookie, status]),
      [[false, 401]],
    );
    say("three");
    await hears(first, ...before, "two", "three");
    assertEquals(second.heard, ["error 2"]);
  });
});

/**
 * Has a page try to publish in every way that it has; returns what came of those
 * that answer.
 */
async function tryToPublish(page: Page, url: string): Promise<unknown[]> {
  const answers: unknown[] = await page.evaluate(`(async () => {
    const ask = (headers, init) =>
      fetch(${JSON.stringify(url)}, {
        method: "POST",
        headers: { "Content-Type": "text/plain", ...headers },
        body: "fetched",
        ...init,
      }).then(({ type, status }) => [type, status], ({ name }) => name);
    return [
      await ask({}, { mode: "no-cors", credentials: "include" }),
      await ask({ Authorization: "Bearer ${TOKEN}" }),
    ];
  })()`);
  await page.setContent(
    `<form method="post" enctype="text/plain" action="${url}">
      <input name="data" value="sent by a form"><button>Send</button>
    </form>`,
  );
  await page.locator("button").click();
  await page.waitForURL(url);
  return answers;
}

/** How requests to publish were answered, by where the browser says they come from. */
function publishing(asked: readonly Asked[]): unknown[] {
  return asked.filter(({ path }) => path === "/publish/a")
    .map(({ method, site, status }) => [method, site, status]);
}

describe("a page in Chromium", () => {
  const sites = [
    { site: "cross-site", host: "localhost", where: "another host" },
    { site: "same-site", host: "127.0.0.1", where: "another port" },
  ];
  const publishers: { who: string; publish: PublishOptions }[] = [
    { who: "where a token may", publish: { token: TOKEN } },
    { who: "where everyone may", publish: { authorize: () => true } },
  ];
  for (const { site, host, where } of sites) {
    for (const { who, publish } of publishers) {
      test(`of ${where} cannot publish ${who}`, async () => {
        const asked: Asked[] = [];
        await using server = await serve({ publish }, asked);
        await using other = await serve({});
        const subscriber = await server.open("/subscribe/");
        await using visitor = await visit(other, host);
        const answers = await tryToPublish(
          visitor.page,
          `http://127.0.0.1:${server.port}/publish/a`,
        );
        assertEquals(answers, [["opaque", 0], "TypeError"]);
        assertEquals(publishing(asked), [
          ["POST", site, 403],
          ["OPTIONS", site, 204],
          ["POST", site, 403],
        ]);
        server.sse.broadcast({ namespace: "/a", data: "end" });
        await subscriber.hears(":ok\n\ndata:end\n\n");
      });
    }
  }

  test("of the server's own origin publishes with the token alone", async () => {
    const asked: Asked[] = [];
    await using server = await serve({ publish: { token: TOKEN } }, asked);
    const subscriber = await server.open("/subscribe/");
    await using visitor = await visit(server);
    const answers = await tryToPublish(
      visitor.page,
      `http://127.0.0.1:${server.port}/publish/a`,
    );
    assertEquals(answers, [["basic", 401], ["basic", 201]]);
    assertEquals(publishing(asked), [
      ["POST", "same-origin", 401],
      ["POST", "same-origin", 201],
      ["POST", "same-origin", 401],
    ]);
    server.sse.broadcast({ namespace: "/a", data: "end" });
    await subscriber.hears(":ok\n\ndata:fetched\n\ndata:end\n\n");
  });
});

/** A curl that runs. */
class Curl implements AsyncDisposable {
  printed = "";
  ended = false;
  readonly #child;

  constructor(...args: string[]) {
    this.#child = spawn("curl", ["--silent", "--show-error", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child.stdout.setEncoding("utf8")
      .on("data", (text: string) => this.printed += text);
    this.#child.on("close", () => this.ended = true);
  }

  /** Waits for its end. */
  async done(): Promise<void> {
    await until(
      () => this.ended,
      () => `the end of a curl, which printed: ${this.printed}`,
    );
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) this.#child.kill();
    await this.done();
  }
}

describe("what curl publishes", () => {
  test("is heard by an EventSource in Chromium and by curl -N", async () => {
    await using server = await serve({ publish: { token: TOKEN } });
    const url = `http://127.0.0.1:${server.port}`;
    await using visitor = await visit(server);
    await listen(visitor.page, "/subscribe/pets", "new-dog");
    await using subscriber = new Curl("-N", `${url}/subscribe/pets`);
    await hears(visitor, "open");
    await until(() => subscriber.printed !== "", "what curl -N prints");

    await using publisher = new Curl(
      `${url}/publish/pets/dogs`,
      "-H",
      `Authorization: Bearer ${TOKEN}`,
      "-H",
      "Content-Type: application/json",
      "-d",
      '{"event":"new-dog","data":{"breed":"Corgi","age":3}}',
    );
    await publisher.done();
    assertMatch(publisher.printed, /^\{"id":"[0-9a-z]+-1"\}$/);
    await hears(visitor, "open", "new-dog Corgi");
    const expected = ':ok\n\nevent:new-dog\ndata:{"breed":"Corgi","age":3}\n\n';
    await until(
      () => subscriber.printed.length >= expected.length,
      () => `curl -N to print more than ${JSON.stringify(subscriber.printed)}`,
    );
    assertEquals(subscriber.printed, expected);
  }, CURL_HINT);
});
