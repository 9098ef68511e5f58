import { SSEServer, type SSEServerOptions } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import { TestClient } from "@sseserver/sseserver/testing";
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { start as startServer, type TestServer } from "../tools/sockets.ts";
import type { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";

const TOKEN = "0123456789abcdef";

describe(
  `several servers on a Redis${REDIS_HINT}`,
  { ignore: REDIS === undefined },
  () => {
    let server: RedisServer;
    let prefixes = 0;
    beforeAll(async () => {
      if (REDIS !== undefined) server = await RedisServer.start();
    });
    afterAll(async () => await server?.[Symbol.asyncDispose]());

    /** A prefix of its own. */
    function prefix(): string {
      return `servers-${++prefixes}`;
    }

    function start(
      prefix: string,
      options: SSEServerOptions = {},
    ): Promise<TestServer> {
      return startServer({
        engine: redis({ url: server.url, prefix }),
        ...options,
      });
    }

    it("broadcast as one, in one order and with the same ids", async () => {
      const name = prefix();
      await using one = await start(name);
      await using two = await start(name);
      const clients = await Promise.all([
        one.open("/subscribe/pets"),
        two.open("/subscribe/pets"),
      ]);
      const ids = await Promise.all(
        Array.from(
          { length: 50 },
          (_, i) =>
            (i % 2 === 0 ? one : two).sse.publish({
              namespace: "/pets/dogs",
              data: `${i}`,
            }),
        ),
      );
      const inOrder = ids.map((id, i) => ({ id, i }))
        .sort((a, b) => seqOf(a.id) - seqOf(b.id));
      assertEquals(inOrder.map(({ id }) => seqOf(id)), range(1, 50));
      const [first] = inOrder;
      const start0 = first!.id.replace(/1$/, "0");
      const expected =
        `:ok\n\nid:${start0}\nevent:sse-open\ndata:{"resumed":false}\n\n` +
        inOrder.map(({ id, i }) => `id:${id}\ndata:${i}\n\n`).join("");
      for (const client of clients) await client.hears(expected);
    });

    it("take back a client of another one, with what it has missed", async () => {
      const name = prefix();
      await using one = await start(name);
      await using two = await start(name);
      const client = await one.open("/subscribe/a");
      const first = await one.sse.publish({ namespace: "/a", data: "1" });
      await client.hearsLast(`id:${first}\ndata:1\n\n`);
      client.leave();
      const second = await one.sse.publish({ namespace: "/a", data: "2" });
      await one.sse.publish({ namespace: "/b", data: "not asked for" });
      const back = await two.open("/subscribe/a", resuming(first));
      await back.hears(
        `:ok\n\nid:${first}\nevent:sse-open\ndata:{"resumed":true}\n\n` +
          `id:${second}\ndata:2\n\n`,
      );
    });

    it("wait for what a client has seen and they have not", async () => {
      const name = prefix();
      await using one = await start(name);
      await using two = await start(name);
      for (let i = 0; i < 20; i++) {
        // Acknowledged before it has come to the other one.
        const id = await one.sse.publish({ namespace: "/a", data: `${i}` });
        const client = await two.open("/subscribe/a", resuming(id));
        await client.hears(
          `:ok\n\nid:${id}\nevent:sse-open\ndata:{"resumed":true}\n\n`,
        );
      }
    });

    it("tell who comes with an id that none has given", async () => {
      await using one = await start(prefix());
      const id = await one.sse.publish({ namespace: "/a", data: "1" });
      const forged = id.replace(/1$/, "999");
      const client = await one.open("/subscribe/a", resuming(forged));
      assertMatch(client.body, /event:sse-gap\ndata:.*"reason":"unknown"/);
    });

    it("remember what came before they were started, for a client and its end", async () => {
      const name = prefix();
      let id: string;
      {
        await using one = await start(name);
        id = await one.sse.publish({ namespace: "/a", data: "1" });
        await one.sse.publish({ namespace: "/a", data: "2" });
        await one.sse.publish({ namespace: "/gone", data: "3" });
        one.sse.end("/gone");
      }
      await using two = await start(name);
      assertEquals(two.sse.status().msgs_broadcast, 0);
      const back = await two.open("/subscribe/a", resuming(id));
      await until(() => back.body.endsWith("data:2\n\n"), "what it missed");
      const latest = await two.open("/subscribe/a?latest");
      await latest.hearsSomewhere("data:2\n\n");
      const ended = await two.open("/subscribe/gone", resuming(id));
      assertMatch((await ended.done()).body, /event:sse-end/);
      const last = ended.body.match(/id:(\S+)\n/g)!.at(-1)!.slice(3, -1);
      const seen = await two.ask("/subscribe/gone", resuming(last));
      assertEquals(seen.status, 204);
    });

    it("do not mix with those of another prefix", async () => {
      await using one = await start(prefix());
      await using other = await start(prefix());
      const client = await other.open("/subscribe/a");
      const [mine, theirs] = await Promise.all([
        one.sse.publish({ namespace: "/a", data: "one" }),
        other.sse.publish({ namespace: "/a", data: "other" }),
      ]);
      await client.hearsLast(`id:${theirs}\ndata:other\n\n`);
      assertEquals([mine, theirs].map(seqOf), [1, 1]);
      await sleep(50);
      assertEquals(client.body.includes("data:one"), false);
    });

    it("end a namespace together", async () => {
      const name = prefix();
      await using one = await start(name);
      await using two = await start(name);
      const client = await two.open("/subscribe/match");
      one.sse.end("/match");
      assertMatch((await client.done()).body, /event:sse-end\ndata:.*\n\n$/);
      await two.settles(0);
    });

    it("disconnect together, but for an id", async () => {
      const name = prefix();
      await using one = await start(name, {
        authorize: () => ({ user: "42" }),
      });
      await using two = await start(name, {
        authorize: () => ({ user: "42" }),
      });
      const clients = await Promise.all([
        one.open("/subscribe/a"),
        two.open("/subscribe/a"),
        two.open("/subscribe/b"),
      ]);
      assertEquals(one.sse.disconnect({ user: "7" }), 0);
      assertEquals(one.sse.disconnect({ namespace: "/a" }), 1);
      await Promise.all(clients.slice(0, 2).map((client) => client.done()));
      assertEquals(clients[2]!.ending, "open");
      assertEquals(one.sse.disconnect({ id: 2 }), 0);
      assertEquals(one.sse.disconnect({ user: "42" }), 0);
      await two.settles(0);
      // It takes a place, which is no gap.
      const client = await two.open("/subscribe/a");
      const id = await one.sse.publish({ namespace: "/a", data: "on" });
      await client.hearsLast(`id:${id}\ndata:on\n\n`);
      assertEquals(client.body.includes("sse-gap"), false);
    });

    it("report an order that another one gives and they cannot take", async () => {
      const name = prefix();
      const errors: Error[] = [];
      await using one = await start(name);
      await using two = await start(name, {
        limits: { namespaceDepth: 2 },
        onError: (error) => errors.push(error as Error),
      });
      const client = await two.open("/subscribe/a");
      one.sse.disconnect({ namespace: "/a/b/c" });
      const id = await one.sse.publish({ namespace: "/a", data: "on" });
      await client.hearsLast(`id:${id}\ndata:on\n\n`);
      await until(() => errors.length === 1, "the error");
      assertMatch(errors[0]!.message, /segments/);
      assertEquals(two.sse.status().engine!.losses, 0);
    });

    it("take a ticket once, and its cookie at each of them", async () => {
      const name = prefix();
      const options = { authorize: () => false };
      await using one = await start(name, options);
      await using two = await start(name, options);
      await using three = await start(name, options);
      const ticket = one.sse.ticket({ namespaces: ["/users/42"], user: "42" });
      const path = `/subscribe/users/42?ticket=${ticket}`;
      const tried = await Promise.all([
        two.send(path).answered(),
        three.send(path).answered(),
      ]);
      assertEquals(tried.map(({ status }) => status).sort(), [200, 401]);
      const cookie = tried.map((client) => client.header("set-cookie"))
        .find((cookie) => cookie !== undefined)!.split(";")[0]!;
      for (const server of [one, two, three]) {
        assertEquals((await server.ask(path)).status, 401);
        const client = await server.open(path, { headers: { Cookie: cookie } });
        assertEquals(client.status, 200);
      }
      for (const client of tried) client.leave();
    });

    it("take tickets also where nothing else has used the engine yet", async () => {
      const name = prefix();
      const engine = () => redis({ url: server.url, prefix: name });
      const options = { authorize: () => false, retry: false } as const;
      await using one = new SSEServer({ ...options, engine: engine() });
      await using two = new SSEServer({ ...options, engine: engine() });
      const ticket = one.ticket({ namespaces: ["/a"] });
      await until(() => one.status().engine!.connected, "Redis");
      // What was issued before is there by now, or soon.
      await one.publish({ namespace: "/b", data: 1 });
      await using client = await TestClient.open(
        two,
        `/subscribe/a?ticket=${ticket}`,
        { timeout: 30_000 },
      );
      assertEquals(client.headers.has("set-cookie"), true);
    });

    it("accept an Idempotency-Key once, whichever it comes to", async () => {
      const name = prefix();
      const options = { publish: { token: TOKEN } };
      await using one = await start(name, options);
      await using two = await start(name, options);
      const client = await one.open("/subscribe/a");
      const post = (server: TestServer, body: string) =>
        server.ask("/publish/a", {
          method: "POST",
          headers: {
            "Authorization": `Bearer ${TOKEN}`,
            "Content-Type": "text/plain",
            "Content-Length": `${body.length}`,
            "Idempotency-Key": "order-1",
          },
          body,
        });
      const answers = await Promise.all([
        post(one, "paid"),
        post(two, "paid"),
        post(two, "paid"),
      ]);
      assertEquals(answers.map(({ status }) => status), [201, 201, 201]);
      assertEquals(new Set(answers.map(({ body }) => body)).size, 1);
      assertEquals((await post(two, "other")).status, 422);
      assertEquals((await post(one, "other")).status, 422);
      const last = await one.sse.publish({ namespace: "/a", data: "last" });
      await client.hearsLast(`id:${last}\ndata:last\n\n`);
      assertEquals(client.body.split("data:paid").length, 2);
    });

    it("report where they stand", async () => {
      const name = prefix();
      await using one = await start(name);
      const id = await one.sse.publish({ namespace: "/a", data: "1" });
      await until(() => one.sse.status().engine?.lag === 0, "no lag");
      assertEquals(one.sse.status().engine, {
        name: "redis",
        connected: true,
        epoch: id.split("-")[0]!,
        lag: 0,
        repairs: 0,
        losses: 0,
      });
    });

    it("deliver what was published before they closed", async () => {
      const name = prefix();
      const one = await start(name);
      await using two = await start(name);
      const near = await one.open("/subscribe/a");
      const far = await two.open("/subscribe/a");
      for (let i = 0; i < 100; i++) {
        one.sse.broadcast({ namespace: "/a", data: `${i}` });
      }
      await one.sse.close();
      assertMatch((await near.done()).body, /data:99\n\n$/);
      await until(() => far.body.endsWith("data:99\n\n"), "all of it");
      assertNotEquals(events(near), []);
      assertEquals(events(near), events(far));
    });
  },
);

function events({ body }: RawClient): string[] {
  return body.split("\n\n").filter((event) => /^id:.*\ndata:/.test(event));
}

function resuming(id: string): { headers: { "Last-Event-ID": string } } {
  return { headers: { "Last-Event-ID": id } };
}

function seqOf(id: string): number {
  return Number(id.split("-")[1]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
