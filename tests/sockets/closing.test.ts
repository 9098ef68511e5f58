import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { TestClient } from "@sseserver/sseserver/testing";
import { freePort } from "../tools/free_port.ts";
import { start } from "../tools/sockets.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

const QUIET = { hostname: "127.0.0.1", log: false, signals: false } as const;

describe("closing a server over real sockets", () => {
  it("ends 1,000 streams as they should end, and frees the port", async () => {
    const reasons: string[] = [];
    await using server = await start({
      onDisconnect: (_, reason) => reasons.push(reason),
    }, { port: await freePort() });
    const clients = await server.openMany(1_000, "/subscribe/a");
    await server.sse.close();
    assertEquals(server.streams, 0);
    for (const client of clients) {
      await client.done();
      assertEquals([client.body, client.ending], [":ok\n\n", "complete"]);
    }
    await until(() => clients.every(({ gone }) => gone), "all connections");
    assertEquals(reasons, clients.map(() => "closed"));
    await using next = await start({}, { port: server.port });
    assertEquals((await next.open("/subscribe/a")).body, ":ok\n\n");
  });

  it("delivers what was broadcast just before to everyone who is ready", async () => {
    await using server = await start();
    const clients = await server.openMany(50, "/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: "first" });
    server.sse.broadcast({ namespace: "/a", event: "last", data: "words" });
    await server.sse.close();
    for (const client of clients) {
      await client.done();
      assertEquals(
        [client.body, client.ending],
        [":ok\n\ndata:first\n\nevent:last\ndata:words\n\n", "complete"],
      );
    }
  });

  it("does not wait for clients that stall", async () => {
    await using server = await start({ maxLag: 64 * 1024 * 1024 }, {
      port: await freePort(),
    });
    const stalled = await server.openMany(5, "/subscribe/a");
    const good = await server.open("/subscribe/b");
    for (const client of stalled) client.stall();
    const data = "x".repeat(1024 * 1024);
    for (let i = 0; i < 16; i++) {
      server.sse.broadcast({ namespace: "/a", data });
      await new Promise((resolve) => setTimeout(resolve));
    }
    assertEquals(server.streams, 6);
    let closed = false;
    server.sse.close().then(() => closed = true);
    await good.done();
    assertEquals(good.ending, "complete");
    // Far longer than the grace of 500 ms, shorter than any time-out.
    await until(() => closed, "close() to resolve", 20_000);
    await using next = await start({}, { port: server.port });
    assertEquals((await next.open("/subscribe/a")).status, 200);
  });

  it("is final: broadcast does nothing, publish rejects, fetch refuses softly", async () => {
    const errors: unknown[] = [];
    await using server = await start({
      onError: (error) => errors.push(error),
    });
    await server.sse.close();
    server.sse.broadcast({ namespace: "/a", data: 1 });
    await Promise.resolve();
    assertEquals(errors, []);
    assertEquals(server.sse.status().msgs_broadcast, 0);
    assertEquals(server.sse.status().status, "closed");
    await assertRejects(
      () => server.sse.publish({ namespace: "/a", data: 1 }),
      Error,
      "Cannot publish as the server is closed",
    );
    await assertRejects(
      () => server.sse.serve(),
      Error,
      "Cannot serve as the server is closed",
    );
    const refused = await TestClient.open(server.sse, "/subscribe/a");
    assertEquals([refused.status, await refused.ended()], [200, "server"]);
    assertEquals(
      refused.headers.get("content-type"),
      "text/event-stream; charset=utf-8",
    );
    assertMatch(refused.text, /^retry:\d{5}\n\n$/);
    const subscribed = await TestClient.of(
      server.sse.subscribe(new Request("http://localhost/"), "/a"),
    );
    assertEquals(await subscribed.ended(), "server");
    assertMatch(subscribed.text, /^retry:\d{5}\n\n$/);
  });

  it("happens at the end of an await using block", async () => {
    let client: RawClient;
    {
      await using sse = new SSEServer({ retry: false });
      const { port } = await sse.serve({ port: 0, ...QUIET });
      client = new RawClient(port, "/subscribe/a");
      await client.hears(":ok\n\n");
    }
    assertEquals((await client.done()).ending, "complete");
  });

  it("ends streams that did not come through serve() too", async () => {
    await using sse = new SSEServer({ retry: false });
    const client = await TestClient.open(sse, "/subscribe/a");
    sse.broadcast({ namespace: "/a", data: 1 });
    await sse.close();
    assertEquals(await client.ended(), "server");
    assertEquals(client.text, ":ok\n\ndata:1\n\n");
  });
});

describe("closing a listener", () => {
  it("ends its own streams only", async () => {
    await using server = await start();
    const second = await server.sse.serve({ port: 0, ...QUIET });
    const own = await server.open("/subscribe/a");
    const other = new RawClient(second.port, "/subscribe/a");
    await other.hears(":ok\n\n");
    server.sse.broadcast({ namespace: "/a", data: "both" });
    await server.handle.close();
    await server.handle.finished;
    await own.done();
    assertEquals([own.body, own.ending], [
      ":ok\n\ndata:both\n\n",
      "complete",
    ]);
    server.sse.broadcast({ namespace: "/a", data: "one" });
    await other.hears(":ok\n\ndata:both\n\ndata:one\n\n");
    assertEquals(server.streams, 1);
    const refused = new RawClient(server.port, "/subscribe/a");
    await refused.done();
    assertEquals([refused.status, refused.ending], [0, "cut"]);
    other.leave();
    await server.settles(0);
  });

  it("happens when the signal aborts", async () => {
    const stop = new AbortController();
    await using server = await start({}, {
      port: await freePort(),
      signal: stop.signal,
    });
    const client = await server.open("/subscribe/a");
    stop.abort();
    await server.handle.finished;
    assertEquals((await client.done()).ending, "complete");
    await using next = await start({}, { port: server.port });
    assertEquals((await next.open("/subscribe/a")).status, 200);
    await assertRejects(
      () => next.sse.serve({ port: 0, ...QUIET, signal: stop.signal }),
      DOMException,
    );
  });

  it("may be done twice, and ends an await using block", async () => {
    await using sse = new SSEServer();
    const port = await freePort();
    {
      await using handle = await sse.serve({ port, ...QUIET });
      await Promise.all([handle.close(), handle.close()]);
    }
    const again = await sse.serve({ port, ...QUIET });
    assertEquals([again.port, again.hostname], [port, "127.0.0.1"]);
  });
});

describe("a port that is taken", () => {
  it("makes serve() reject with an error that names it", async () => {
    await using server = await start();
    await using other = new SSEServer();
    const error = await assertRejects(
      () => other.serve({ port: server.port, ...QUIET }),
      Error,
    );
    assertStringIncludes(
      error.message,
      `Cannot serve on 127.0.0.1:${server.port}: `,
    );
    assertMatch(error.message, /in use/i);
    const handle = await other.serve({ port: 0, ...QUIET });
    assertEquals(handle.port > 0 && handle.port !== server.port, true);
    assertEquals((await server.open("/subscribe/a")).status, 200);
  });
});
