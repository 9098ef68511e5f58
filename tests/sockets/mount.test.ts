import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  SSEServer,
  type SSEServerOptions,
  type SubscribeOptions,
} from "@sseserver/sseserver";
import { Hono } from "hono";
import type { RawClient } from "../tools/raw_client.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { start, TestServer } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

const OPENING = ":ok\n\n";

/** A program's own Hono app over real sockets, with a server to mount in it. */
async function program(
  build: (app: Hono, sse: SSEServer) => unknown,
  options: SSEServerOptions = {},
): Promise<{ host: TestServer; sse: SSEServer } & AsyncDisposable> {
  const sse = new SSEServer({ retry: false, ...options });
  const app = new Hono();
  build(app, sse);
  const host = new TestServer(
    sse,
    await sse.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: app.fetch,
      log: false,
      signals: false,
    }),
  );
  return {
    host,
    sse,
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/**
 * Waits for what a stream brings besides keepalives: one that was passed on by
 * `app.mount()` on Bun may get one as soon as after a second.
 */
async function brings(client: RawClient, expected: string): Promise<void> {
  const heard = () => client.body.replaceAll(":keepalive\n", "");
  await until(
    () => heard().length >= expected.length,
    () => `${JSON.stringify(client.body)} to be ${JSON.stringify(expected)}`,
  );
  assertEquals(heard(), expected);
}

describe("mounting over real sockets", () => {
  const ways: Record<string, (app: Hono, sse: SSEServer) => unknown> = {
    "app.route()": (app, sse) => app.route("/app/live", sse.app),
    "app.route() under a parameter": (app, sse) =>
      app.route("/app/:tenant", sse.app),
    "app.route() twice nested": (app, sse) =>
      app.route("/app", new Hono().route("/live", sse.app)),
    "app.basePath().route()": (app, sse) =>
      app.basePath("/app").route("/live", sse.app),
    "app.mount()": (app, sse) => app.mount("/app/live", sse.fetch),
  };
  for (const [name, build] of Object.entries(ways)) {
    it(`with ${name} serves everything below`, async () => {
      await using mounted = await program(build, {
        limits: { namespaceLength: 50 },
      });
      const { host, sse } = mounted;
      const deep = await host.open("/app/live/subscribe/a/b%20c");
      const root = await host.open("/app/live/subscribe/");
      const bare = await host.open("/app/live/subscribe");
      const query = await host.open("/app/live/subscribe?ns=/x&ns=/y");
      assertEquals(sse.status().connections.map((one) => one.namespace), [
        "/a/b c",
        "/",
        "/",
        "/x,/y",
      ]);
      sse.broadcast({ namespace: "/a/b c", data: 1 });
      sse.broadcast({ namespace: "/y", data: 2 });
      sse.broadcast({ namespace: "/live", data: 3 });
      await brings(deep, OPENING + "data:1\n\n");
      await brings(query, OPENING + "data:2\n\n");
      for (const all of [root, bare]) {
        await brings(all, OPENING + "data:1\n\ndata:2\n\ndata:3\n\n");
      }
      const head = await host.send("/app/live/subscribe/a", { method: "HEAD" })
        .answered();
      assertEquals(head.status, 200);
      assertEquals(sse.status().connections.length, 4);
      const bad = await host.ask("/app/live/subscribe/a%2fb");
      assertEquals(bad.status, 400);
      assertMatch(bad.body, /^400 Cannot use 'namespace' as a segment/);
      const long = await host.ask(`/app/live/subscribe/${"a".repeat(51)}`);
      assertEquals(long.status, 400);
      const post = await host.ask("/app/live/subscribe/a", {
        method: "POST",
        headers: { "Content-Length": "0" },
      });
      assertEquals(post.status, 405);
      assertEquals((await host.ask("/app/live/other")).status, 404);
    });
  }

  it("leaves the rest of the app's routes to it", async () => {
    await using mounted = await program((app, sse) => {
      app.route("/app/live", sse.app);
      app.get("/app/own", (c) => c.text("own"));
      app.get("/app/live/own", (c) => c.text("own too"));
    });
    assertEquals((await mounted.host.ask("/app/own")).body, "own");
    assertEquals((await mounted.host.ask("/app/live/own")).body, "own too");
  });
});

describe("app.mount(), which passes a new request on", () => {
  it("has paths without its own in them, and on Bun no addresses", async () => {
    const seen = async (build: (app: Hono, sse: SSEServer) => unknown) => {
      await using mounted = await program(build);
      await mounted.host.open("/live/subscribe/a/b");
      const [one] = mounted.sse.status().connections;
      return [one!.request_path, one!.client_ip];
    };
    assertEquals(
      await seen((app, sse) => app.mount("/live", sse.fetch)),
      ["/subscribe/a/b", RUNTIME === "bun" ? "" : "127.0.0.1"],
    );
    assertEquals(
      await seen((app, sse) => app.route("/live", sse.app)),
      ["/live/subscribe/a/b", "127.0.0.1"],
    );
  });

  it("takes what is published", async () => {
    const token = "0123456789abcdef";
    await using mounted = await program(
      (app, sse) => app.mount("/live", sse.fetch),
      { publish: { token } },
    );
    const client = await mounted.host.open("/live/subscribe/a");
    // Head and body in one piece.
    const answer = await mounted.host.ask("/live/publish/a", {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${token}`,
        "Content-Type": "text/plain",
        "Content-Length": "5",
      },
      body: "hello",
    });
    assertEquals(answer.status, 201, answer.body);
    await brings(client, OPENING + "data:hello\n\n");
  });

  it("knows clients by what a proxy says", async () => {
    await using mounted = await program(
      (app, sse) => app.mount("/live", sse.fetch),
      { trustProxy: 1, limits: { connectionsPerClient: 1 } },
    );
    const open = (address: string) =>
      mounted.host.open("/live/subscribe/a", {
        headers: { "X-Forwarded-For": address },
      });
    await open("203.0.113.1");
    const other = await open("203.0.113.2");
    assert(other.body.startsWith(OPENING), other.body);
    const second = await open("203.0.113.1");
    assertMatch((await second.done()).body, /^retry:\d{5}\n\n$/);
  });

  it("has the cookie of a ticket be for a path that is not asked for", async () => {
    const cookiePath = async (
      build: (app: Hono, sse: SSEServer) => unknown,
    ) => {
      await using mounted = await program(build, { authorize: () => false });
      const ticket = mounted.sse.ticket({ namespaces: ["/a"] });
      const client = await mounted.host.open(
        `/live/subscribe/a?ticket=${ticket}`,
      );
      return /; Path=([^;]+)/.exec(client.header("set-cookie")!)?.[1];
    };
    assertEquals(
      await cookiePath((app, sse) => app.mount("/live", sse.fetch)),
      "/subscribe",
    );
    assertEquals(
      await cookiePath((app, sse) => app.route("/live", sse.app)),
      "/live/subscribe",
    );
  });
});

describe("sse.subscribe() inside an app's own route", () => {
  it("opens a stream of the namespaces with further headers", async () => {
    await using mounted = await program(
      (app, sse) =>
        app.get(
          "/app/users/:id",
          (c) =>
            sse.subscribe(
              c.req.raw,
              [`/users/${c.req.param("id")}`, "/global"],
              {
                info: c.env,
                headers: { "X-Own": "yes", "Cache-Control": "max-age=60" },
              },
            ),
        ),
      { rootSubscribe: false },
    );
    const { host, sse } = mounted;
    const client = await host.open("/app/users/42?ns=/secret", {
      headers: { Origin: "https://evil.example" },
    });
    assertEquals(client.header("x-own"), "yes");
    assertEquals(client.header("cache-control"), "no-cache, no-transform");
    assertEquals(client.header("access-control-allow-origin"), undefined);
    const [connection] = sse.status().connections;
    assertEquals(
      [connection!.namespace, connection!.request_path, connection!.client_ip],
      ["/global,/users/42", "/app/users/42", "127.0.0.1"],
    );
    sse.broadcast({ namespace: "/secret", data: "no" });
    sse.broadcast({ namespace: "/users/4", data: "no" });
    sse.broadcast({ namespace: "/global", data: 1 });
    sse.broadcast({ namespace: "/users/42/mail", data: 2 });
    await client.hears(OPENING + "data:1\n\ndata:2\n\n");
  });

  it("answers HEAD without registering anyone", async () => {
    await using mounted = await program((app, sse) =>
      app.get(
        "/app/own",
        (c) =>
          sse.subscribe(c.req.raw, "/", {
            info: c.env,
            headers: { "X-Own": "1" },
          }),
      )
    );
    for (let i = 0; i < 20; i++) {
      const head = await mounted.host.send("/app/own", { method: "HEAD" })
        .answered();
      assertEquals([head.status, head.header("x-own")], [200, "1"]);
      head.leave();
    }
    assertEquals(mounted.sse.status().connections, []);
  });

  it("sees to the limits, and to / only as the caller does", async () => {
    await using mounted = await program(
      (app, sse) => app.get("/app/own", (c) => sse.subscribe(c.req.raw, "/")),
      { rootSubscribe: false, limits: { connections: 1 } },
    );
    const { host, sse } = mounted;
    const client = await host.open("/app/own");
    sse.broadcast({ namespace: "/any", data: 1 });
    await client.hears(OPENING + "data:1\n\n");
    const refused = await host.ask("/app/own");
    assertMatch(refused.body, /^retry:\d{5}\n\n$/);
    const request = new Request("http://localhost/");
    assertThrows(() => sse.subscribe(request, []), RangeError, "'namespaces'");
    for (const none of [undefined, null, 7]) {
      assertThrows(
        () => sse.subscribe(request, none as never),
        TypeError,
        `'namespaces' must be a string or an array: current value is ${none}`,
      );
    }
    // What Express and Hono call a request.
    for (const none of [undefined, { headers: {} }, { raw: request }]) {
      const message = "as 'request' must be a Request";
      assertThrows(
        () => sse.subscribe(none as never, "/a"),
        TypeError,
        message,
      );
      assertThrows(() => sse.fetch(none as never), TypeError, message);
    }
    const misspelt: object = { expire: Date.now() };
    assertThrows(
      () => sse.subscribe(request, "/a", misspelt as SubscribeOptions),
      TypeError,
      "there is no option 'expire'",
    );
    for (const none of [null, 7]) {
      assertThrows(
        () => sse.subscribe(request, "/a", none as never),
        TypeError,
        `Cannot subscribe as the options must be an object: current value is ${none}`,
      );
    }
    assertThrows(
      () => sse.subscribe(request, "/a", { latest: "false" as never }),
      TypeError,
      "'latest' must be a boolean: current value is \"false\"",
    );
    assertThrows(
      () => sse.subscribe(request, new Array(2)),
      TypeError,
      "'namespace' as it must be a string: current value is undefined",
    );
    assertThrows(
      () => sse.subscribe(request, "/a/.."),
      TypeError,
      "'namespace'",
    );
    assertThrows(
      () => sse.subscribe(request, Array(65).fill("/a")),
      RangeError,
      "'namespaces'",
    );
  });
});

describe("several servers in one process", () => {
  it("share nothing", async () => {
    await using a = await start();
    await using b = await start();
    await using c = new SSEServer({ retry: false });
    b.sse.app.route("/inner", c.app);
    const clients = {
      a: await a.open("/subscribe/x"),
      b: await b.open("/subscribe/x"),
      c: await b.open("/inner/subscribe/x"),
    };
    a.sse.broadcast({ namespace: "/x", data: "a" });
    b.sse.broadcast({ namespace: "/x", data: "b" });
    c.broadcast({ namespace: "/x", data: "c" });
    await clients.a.hears(OPENING + "data:a\n\n");
    await clients.b.hears(OPENING + "data:b\n\n");
    await clients.c.hears(OPENING + "data:c\n\n");
    for (const server of [a.sse, b.sse, c]) {
      assertEquals(server.status().msgs_broadcast, 1);
      assertEquals(server.status().connections.length, 1);
    }
    await c.close();
    assertEquals((await clients.c.done()).ending, "complete");
    await b.sse.close();
    assertEquals((await clients.b.done()).ending, "complete");
    a.sse.broadcast({ namespace: "/x", data: "still" });
    await clients.a.hears(OPENING + "data:a\n\ndata:still\n\n");
  });
});
