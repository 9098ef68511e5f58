import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { Hono, type MiddlewareHandler } from "hono";
import { RUNTIME } from "../tools/runtime.ts";
import { start, type TestServer } from "../tools/sockets.ts";

/** A server in an app with middleware around it. */
async function within(...middleware: MiddlewareHandler[]): Promise<TestServer> {
  const app = new Hono();
  for (const handler of middleware) app.use(handler);
  const inner = { fetch: app.fetch };
  const server = await start({}, {
    fetch: (request, info) => inner.fetch(request, info as object),
  });
  app.route("/", server.sse.app);
  return server;
}

/** Counts the bytes of every response's body on its way. */
function counting(counted: { bytes: number }): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { body } = c.res;
    if (body === null) return;
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        counted.bytes += chunk.length;
        controller.enqueue(chunk);
      },
    });
    c.res = new Response(body.pipeThrough(counter), c.res);
  };
}

describe("middleware around a stream", () => {
  it("may add headers, also several cookies", async () => {
    await using server = await within(async (c, next) => {
      await next();
      c.header("X-Own", "yes");
      c.header("Set-Cookie", "a=1", { append: true });
      c.header("Set-Cookie", "b=2; Path=/", { append: true });
    });
    const client = await server.open("/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: 1 });
    await client.hears(":ok\n\ndata:1\n\n");
    assertEquals(client.header("x-own"), "yes");
    assertEquals(
      client.headerLines.filter((line) => /^set-cookie:/i.test(line)).map((
        line,
      ) => line.slice("set-cookie:".length).trim()),
      ["a=1", "b=2; Path=/"],
    );
    assertEquals(
      client.header("content-type"),
      "text/event-stream; charset=utf-8",
    );
  });

  it("may put a stream of its own in between", async () => {
    const counted = { bytes: 0 };
    await using server = await within(counting(counted));
    const client = await server.open("/subscribe/a");
    let text = ":ok\n\n";
    for (let i = 0; i < 100; i++) {
      server.sse.broadcast({ namespace: "/a", data: "x".repeat(10_000) });
      text += `data:${"x".repeat(10_000)}\n\n`;
    }
    await client.hears(text);
    assertEquals(counted.bytes, text.length);
    client.leave();
    await server.settles(0);
  });

  it("may answer something else instead, which leaves no stream behind", async () => {
    await using server = await within(async (c, next) => {
      await next();
      await c.res.body?.cancel();
      c.res = new Response("closed for today", { status: 404 });
    });
    const { status, body } = await server.ask("/subscribe/a");
    assertEquals([status, body], [404, "closed for today"]);
    await server.settles(0);
  });

  it("may end a stream before its response was sent", async () => {
    await using server = await within(async (_, next) => {
      await next();
      server.sse.end("/a");
    });
    const { status, body, ending } = await server.ask("/subscribe/a");
    const end = 'event:sse-end\ndata:{"namespace":"/a"}\n\n';
    assertEquals([status, body, ending], [200, ":ok\n\n" + end, "complete"]);
    await server.settles(0);
  });
});

describe("a stream that is served", () => {
  it("ends with all that was broadcast, and its client is told so", async () => {
    await using server = await start();
    const clients = await server.openMany(20, "/subscribe/a");
    const large = "x".repeat(300_000);
    server.sse.broadcast({ namespace: "/a", data: large });
    server.sse.end("/a");
    for (const client of clients) {
      await client.done();
      assertEquals(client.ending, "complete");
      assertEquals(
        client.body,
        `:ok\n\ndata:${large}\n\nevent:sse-end\ndata:{"namespace":"/a"}\n\n`,
      );
    }
    await server.settles(0);
  });

  it("shares nothing with that of another server in the same app", async () => {
    const other = new SSEServer({ retry: false });
    const app = new Hono();
    app.route("/other", other.app);
    await using server = await start({}, { fetch: app.fetch });
    app.route("/", server.sse.app);
    const [one, two] = await Promise.all([
      server.open("/subscribe/a"),
      server.open("/other/subscribe/a"),
    ]);
    server.sse.broadcast({ namespace: "/a", data: "one" });
    other.broadcast({ namespace: "/a", data: "two" });
    await one.hears(":ok\n\ndata:one\n\n");
    await two.hears(":ok\n\ndata:two\n\n");
    await other.close();
    await two.done();
    assertEquals(two.ending, "complete");
    assertEquals(server.streams, 1);
  });
});

// Bun does so by itself, and has a test fail that sees it.
if (RUNTIME !== "bun") {
  describe("serve({ fetch })", () => {
    it("answers with 500 where it throws, and prints that", async () => {
      const printed: unknown[] = [];
      const { error } = console;
      console.error = (...args) => printed.push(...args);
      try {
        await using server = await start({}, {
          fetch: () => Promise.reject(new Error("broken")),
        });
        assertEquals((await server.ask("/")).status, 500);
      } finally {
        console.error = error;
      }
      assertEquals(printed.map(String), ["Error: broken"]);
    });
  });
}
