import { SSEServer } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import { TestClient } from "@sseserver/sseserver/testing";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readFileSync } from "node:fs";
import { createClient } from "redis";
import { ROOT } from "../tools/command.ts";
import { clientsFor } from "../../src/engines/redis/driver.ts";
import { freePort } from "../tools/free_port.ts";
import { blocksOf } from "../tools/markdown.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { SideBySide } from "../tools/side_by_side.ts";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

const TOKEN = "0123456789abcdef";
const ignore = REDIS === undefined;
/** What the documentation says that a user of Redis needs. */
const RIGHTS = blocksOf(
  readFileSync(`${ROOT}/docs/cluster.md`, "utf8"),
  "docs/cluster.md",
).find(({ code }) => code.includes("+evalsha"))!.code.trim().split(/\s+/);

describe(
  `when Redis is away${REDIS_HINT}`,
  { ignore: REDIS === undefined },
  () => {
    // Each has a Redis of its own, and waits for most of its time.
    const tests = new SideBySide(3);
    tests.it("nothing is accepted, and readers stay; then all goes on", {
      ignore,
    }, async () => {
      await using server = await RedisServer.start();
      const errors: unknown[] = [];
      await using one = await start({
        engine: redis({ url: server.url }),
        publish: { token: TOKEN },
        keepAlive: 100,
        onError: (error) => errors.push(error),
      });
      const client = await one.open("/subscribe/a");
      const before = await one.sse.publish({ namespace: "/a", data: "1" });
      await client.hearsSomewhere(`id:${before}\ndata:1\n\n`);
      // On a busy machine, there may be others.
      const { losses } = one.sse.status().engine!;
      await server.kill();
      await until(() => !one.sse.status().engine!.connected, "the loss");
      assertEquals(one.sse.status().engine!.losses, losses + 1);
      const refused = await assertRejects(async () => {
        // For a moment, it might come back.
        await one.sse.publish({ namespace: "/a", data: "never" });
      }, Error);
      assertMatch(refused.message, /^Cannot reach Redis: /);
      const answer = await one.ask("/publish/a", {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${TOKEN}`,
          "Content-Type": "text/plain",
          "Content-Length": "5",
        },
        body: "never",
      });
      assertEquals(answer.status, 503);
      // Whoever comes is taken in, and whoever is there is kept.
      const other = await one.open("/subscribe/a", {
        headers: { "Last-Event-ID": before },
      });
      assertMatch(other.body, /"resumed":true/);
      const { length } = client.body;
      await until(
        () => client.body.slice(length).includes(`id:${before}\n\n`),
        "a keepalive",
      );
      // One that has seen more than there is here comes back later.
      const ahead = await one.ask("/subscribe/a", {
        headers: { "Last-Event-ID": before.replace(/1$/, "2") },
      });
      assertMatch(ahead.body, /^retry:\d+\n\n$/);
      assert(errors.length > 0);
      assertMatch(
        (errors[0] as Error).message,
        /^Redis is away, trying again: /,
      );
      await server.start();
      await until(() => one.sse.status().engine!.connected, "Redis");
      const after = await one.sse.publish({ namespace: "/a", data: "2" });
      await client.hearsSomewhere(`id:${after}\ndata:2\n\n`);
      // Nobody can say what the other run has lost.
      assertMatch(client.body, /event:sse-gap\ndata:.*"reason":"epoch"/);
      assertEquals(client.body.includes("never"), false);
    });

    tests.it(
      "for a moment only, what is published waits for it",
      { ignore },
      async () => {
        await using server = await RedisServer.start();
        await using one = await start({
          engine: redis({ url: server.url }),
          onError() {},
        });
        const client = await one.open("/subscribe/a");
        await one.sse.publish({ namespace: "/a", data: "1" });
        const engine = () => one.sse.status().engine!;
        let id = "";
        for (let attempts = 0; id === "" && attempts < 5; attempts++) {
          await until(() => engine().connected, "Redis");
          const { losses } = engine();
          await server.run(["CLIENT", "KILL", "TYPE", "pubsub"]);
          await until(() => engine().losses > losses, "the loss");
          try {
            id = await one.sse.publish({ namespace: "/a", data: "2" });
          } catch (error) {
            // The machine stood still, so it was more than a moment.
            assertMatch((error as Error).message, /^Cannot reach Redis: /);
          }
        }
        assertMatch(id, /-2$/);
        await client.hearsLast(`id:${id}\ndata:2\n\n`);
        assertEquals(client.body.includes("sse-gap"), false);
      },
    );

    tests.it(
      "what it does not answer is rejected in time, and comes once at most",
      { ignore },
      async () => {
        await using server = await RedisServer.start();
        await using one = await start({
          engine: redis({ url: server.url }),
          onError() {},
        });
        const client = await one.open("/subscribe/a");
        await one.sse.publish({ namespace: "/a", data: "1" });
        server.signal("SIGSTOP");
        try {
          const late = await assertRejects(() =>
            one.sse.publish({ namespace: "/a", data: "2" })
          );
          assertEquals((late as Error).name, "TimeoutError");
        } finally {
          server.signal("SIGCONT");
        }
        await until(() => one.sse.status().engine!.connected, "Redis");
        const id = await one.sse.publish({ namespace: "/a", data: "3" });
        await client.hearsLast(`id:${id}\ndata:3\n\n`);
        assert(client.body.split("data:2").length <= 2);
      },
    );

    tests.it("at the start, the server waits for it, having told so", {
      ignore,
    }, async () => {
      const port = await freePort();
      const errors: Error[] = [];
      const sse = new SSEServer({
        engine: redis({ url: `redis://127.0.0.1:${port}` }),
        onError: (error) => errors.push(error as Error),
      });
      const late = assertRejects(() =>
        sse.publish({ namespace: "/a", data: "never" })
      );
      const [client, rejected] = await Promise.all([
        TestClient.open(sse, "/subscribe/a", { timeout: 30_000 }),
        late,
      ]);
      assertEquals(await client.ended(), "server");
      assertMatch(client.text, /^retry:\d+\n\n$/);
      assertEquals((rejected as Error).name, "TimeoutError");
      assertMatch(
        errors[0]!.message,
        /^Cannot connect to Redis, trying again: .*ECONNREFUSED/,
      );
      await sse.close();
    });

    tests.it("a replica is no better, and not asked again and again", {
      ignore,
    }, async () => {
      await using server = await RedisServer.start();
      await using main = await RedisServer.start();
      const errors: unknown[] = [];
      await using one = await start({
        engine: redis({ url: server.url }),
        onError: (error) => errors.push(error),
      });
      await one.sse.publish({ namespace: "/a", data: "1" });
      await server.run(["REPLICAOF", "127.0.0.1", `${main.port}`]);
      const refused = await assertRejects(async () => {
        for (;;) await one.sse.publish({ namespace: "/a", data: "2" });
      }, Error);
      assertMatch(
        refused.message,
        /READONLY/,
      );
      await until(() => !one.sse.status().engine!.connected, "the loss");
      const later = await assertRejects(async () => {
        for (;;) await one.sse.publish({ namespace: "/a", data: "3" });
      }, Error);
      assertMatch(later.message, /READONLY/);
      assert(errors.length < 10, `${errors.length} errors`);
      await server.run(["REPLICAOF", "NO", "ONE"]);
      await until(() => one.sse.status().engine!.connected, "Redis");
      await one.sse.publish({ namespace: "/a", data: "4" });
    });

    tests.it(
      "the end of a server does not wait for it",
      { ignore },
      async () => {
        await using server = await RedisServer.start();
        const one = await start({
          engine: redis({ url: server.url }),
          onError() {},
        });
        const client = await one.open("/subscribe/a");
        await one.sse.publish({ namespace: "/a", data: "1" });
        await server.kill();
        await one.sse.close();
        await client.done();
      },
    );
  },
);

describe(`a Redis engine${REDIS_HINT}`, { ignore: REDIS === undefined }, () => {
  it("tells why a Redis cannot be used", async () => {
    await using server = await RedisServer.start("--requirepass", "secret");
    const sse = new SSEServer({ engine: redis({ url: server.url }) });
    const error = await assertRejects(() => sse.serve({ port: 0 }), Error);
    assertMatch(error.message, /^Cannot use Redis: NOAUTH/);
    await sse.close();
    const url = `redis://:secret@127.0.0.1:${server.port}`;
    await using good = await start({ engine: redis({ url }) });
    await good.sse.publish({ namespace: "/a", data: 1 });
  });

  it("tells which rights its user does not have", async () => {
    await using server = await RedisServer.start();
    const user = (...rules: string[]) =>
      server.run(["ACL", "SETUSER", "u", ...rules]);
    const url = `redis://u:p@127.0.0.1:${server.port}`;
    for (
      const [right, message] of [
        ["-publish", /^Cannot use Redis: NOPERM .*publish/],
        ["-time", /^Cannot use Redis: ERR .*script/],
      ] as const
    ) {
      await user("reset", "on", ">p", "~*", "&*", "+@all", right);
      const sse = new SSEServer({ engine: redis({ url }), onError() {} });
      const error = await assertRejects(
        () => sse.publish({ namespace: "/a", data: "refused" }),
        Error,
      );
      assertMatch(error.message, message);
      await sse.close();
    }
    assertEquals(await server.run(["XLEN", "{sse}:events"]), [0]);
    await user("reset", "on", ">p", ...RIGHTS);
    const errors: string[] = [];
    await using one = await start({
      engine: redis({ url }),
      onError: (error) => errors.push((error as Error).message),
    });
    await one.sse.publish({ namespace: "/a", data: "1" });
    assertEquals(errors, []);
    await user("-ping");
    await until(() => errors.length > 0, "the complaint");
    assertMatch(errors[0]!, /^Cannot look after Redis: NOPERM .*ping/);
  });

  it("takes the address of a URL, also of IPv6", async () => {
    for (const host of ["[::1]", "127.0.0.1", "a.example"]) {
      const newClient = await clientsFor(`rediss://u:p@${host}:7/2`);
      const { options } = newClient() as ReturnType<typeof createClient>;
      const { database, socket, username, password } = options;
      assertEquals([database, username, password], [2, "u", "p"]);
      const { port, tls } = socket as { port?: number; tls?: boolean };
      assertEquals([port, tls], [7, true]);
      assertEquals(
        (socket as { host?: string }).host,
        host === "[::1]" ? "::1" : host,
      );
    }
  });

  it("belongs to one server", async () => {
    const engine = redis({ url: "redis://127.0.0.1:1" });
    const [one, other] = [1, 2].map(() =>
      new SSEServer({ engine, onError() {} })
    );
    one!.status();
    await assertRejects(
      () => other!.publish({ namespace: "/a", data: 1 }),
      Error,
      "each server needs one of its own",
    );
    await other!.close();
    await one!.close();
  });

  it("takes a client, its options, and leaves it alone", async () => {
    await using server = await RedisServer.start();
    const client = createClient({ url: `${server.url}/3`, RESP: 2 });
    await using one = await start({ engine: redis({ client }) });
    await one.sse.publish({ namespace: "/a", data: 1 });
    assertEquals(client.isOpen, false);
    const [keyspace] = await server.run(["INFO", "keyspace"]);
    assertMatch(`${keyspace}`, /db3:/);
    // Channels are common to all databases.
    await using other = await start({ engine: redis({ url: server.url }) });
    const hears = await other.open("/subscribe/a");
    await one.sse.publish({ namespace: "/a", data: "elsewhere" });
    const id = await other.sse.publish({ namespace: "/a", data: "here" });
    await hears.hearsLast(`id:${id}\ndata:"here"\n\n`.replaceAll('"', ""));
    assertEquals(hears.body.includes("elsewhere"), false);
  });

  it("leaves nothing behind that does not expire but a stream and its place", async () => {
    await using server = await RedisServer.start();
    {
      await using one = await start({
        engine: redis({ url: server.url }),
        history: { messages: 100 },
      });
      await Promise.all(
        Array.from(
          { length: 1_000 },
          (_, i) => one.sse.publish({ namespace: "/a", data: i }),
        ),
      );
    }
    const [names] = await server.run(["KEYS", "*"]) as [string[]];
    const kept: string[] = [];
    for (const name of names) {
      const [time] = await server.run(["PTTL", name]) as [number];
      if (time === -1) kept.push(name);
    }
    assertEquals(kept.sort(), ["{sse}:events", "{sse}:state"]);
    const [length] = await server.run(["XLEN", "{sse}:events"]) as [number];
    // Redis trims whole nodes of a hundred.
    assert(length >= 100 && length <= 300, `${length}`);
    // Redis may not have noticed yet that a connection has ended.
    let clients: unknown[] = [];
    for (let i = 0; i < 300 && clients.length !== 1; i++) {
      const [list] = await server.run(["CLIENT", "LIST"]) as [string];
      clients = list.trim().split("\n");
    }
    assertEquals(clients.length, 1, clients.join("\n"));
  });
});

describe("redis()", () => {
  it("names the option that is not as it should be", () => {
    const url = "redis://localhost";
    const cases: [unknown, string][] = [
      [undefined, "the options must be an object: current value is undefined"],
      [{}, "it needs either 'url' or 'client'"],
      [{ url, client: {} }, "it needs either 'url' or 'client'"],
      [{ url, prefx: "a" }, "there is no option 'prefx'"],
      [
        { url: "localhost" },
        "'url' must be a URL that begins with redis:// or rediss://",
      ],
      [
        { url: "http://localhost" },
        "'url' must be a URL that begins with redis:// or rediss://",
      ],
      [
        { url: "redis://localhost/abc" },
        "the path of 'url' must be the number of a database: current value is \"/abc\"",
      ],
      [{ client: {} }, "'client' must be a client of node-redis"],
      [
        { url, prefix: "a b" },
        "'prefix' must have from 1 to 64 letters, digits, '.', ':', '_' or '-': current value is \"a b\"",
      ],
    ];
    for (const [options, expected] of cases) {
      let error: unknown;
      try {
        redis(options as Parameters<typeof redis>[0]);
      } catch (thrown) {
        error = thrown;
      }
      assertInstanceOf(error, Error);
      assertEquals(error.message, `Cannot make a Redis engine as ${expected}`);
    }
  });

  it("needs a history, which it has by default", () => {
    const engine = redis({ url: "redis://localhost" });
    let message = "";
    try {
      new SSEServer({ engine, history: false });
    } catch (error) {
      message = (error as Error).message;
    }
    assertMatch(message, /'history' must not be false with an engine/);
  });
});
