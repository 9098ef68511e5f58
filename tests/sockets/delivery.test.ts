import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

const OPENING = ":ok\n\n";

describe("delivery over real sockets", () => {
  it("brings an event to the one who hears its namespace", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/pets");
    server.sse.broadcast({
      namespace: "/pets",
      event: "new-dog",
      data: "Corgi",
    });
    await client.hears(OPENING + "event:new-dog\ndata:Corgi\n\n");
  });

  it("writes an event without a name as data alone", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/pets");
    server.sse.broadcast({ namespace: "/pets", data: "Corgi" });
    server.sse.broadcast({ namespace: "/pets", event: "", data: { a: [1] } });
    server.sse.broadcast({ namespace: "/pets", data: "" });
    await client.hears(
      OPENING + 'data:Corgi\n\ndata:{"a":[1]}\n\ndata:\n\n',
    );
  });

  it("brings an event to everyone who hears its namespace", async () => {
    await using server = await start();
    const clients = await server.openMany(5, "/subscribe/pets");
    server.sse.broadcast({ namespace: "/pets", data: "Corgi" });
    for (const client of clients) {
      await client.hears(OPENING + "data:Corgi\n\n");
    }
  });

  it("keeps the order of many events", async () => {
    await using server = await start();
    const clients = await server.openMany(3, "/subscribe/count");
    let expected = OPENING;
    for (let i = 0; i < 5_000; i++) {
      server.sse.broadcast({ namespace: "/count", data: i });
      expected += `data:${i}\n\n`;
    }
    for (const client of clients) await client.hears(expected);
  });

  it("brings what is below a namespace to those who hear it, and nothing else", async () => {
    await using server = await start();
    const paths = [
      "/",
      "/pets",
      "/pets/dogs",
      "/pets/dogs/small",
      "/pets/cats",
    ];
    const clients = await Promise.all(
      paths.map((path) => server.open(`/subscribe${path}`)),
    );
    for (const path of paths) {
      server.sse.broadcast({ namespace: path, data: path });
    }
    const hears = (...heard: string[]) =>
      OPENING + heard.map((path) => `data:${path}\n\n`).join("");
    const expected = [
      hears(...paths),
      hears("/pets", "/pets/dogs", "/pets/dogs/small", "/pets/cats"),
      hears("/pets/dogs", "/pets/dogs/small"),
      hears("/pets/dogs/small"),
      hears("/pets/cats"),
    ];
    for (const [i, client] of clients.entries()) {
      await client.hears(expected[i]!);
    }
  });

  it("does not bring /pets to those who hear /pet", async () => {
    await using server = await start();
    const pet = await server.open("/subscribe/pet");
    const pets = await server.open("/subscribe/pets");
    server.sse.broadcast({ namespace: "/pets", data: "many" });
    server.sse.broadcast({ namespace: "/pet", data: "one" });
    await pet.hears(OPENING + "data:one\n\n");
    await pets.hears(OPENING + "data:many\n\n");
  });

  it("brings nothing from before a client came", async () => {
    await using server = await start();
    server.sse.broadcast({ namespace: "/a", data: "before anyone" });
    const first = await server.open("/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: "before the second" });
    const second = await server.open("/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: "for both" });
    await first.hears(
      OPENING + "data:before the second\n\ndata:for both\n\n",
    );
    await second.hears(OPENING + "data:for both\n\n");
  });

  it("brings nothing from before a client came in the very same turn", async () => {
    await using server = await start();
    const { sse } = server;
    sse.app.get("/own", ({ req }) => {
      sse.broadcast({ namespace: "/a", data: "before" });
      const response = sse.subscribe(req.raw, "/a");
      sse.broadcast({ namespace: "/a", data: "after" });
      return response;
    });
    const other = await server.open("/subscribe/a");
    const client = await server.open("/own");
    await client.hears(OPENING + "data:after\n\n");
    await other.hears(OPENING + "data:before\n\ndata:after\n\n");
    assertEquals(sse.status().connections.map((one) => one.msgs_sent), [2, 1]);
  });

  it("brings an event once to a client of several namespaces", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a/b?ns=/a&ns=/c&ns=/c/d");
    server.sse.broadcast({ namespace: "/a/b", data: 1 });
    server.sse.broadcast({ namespace: "/c/d", data: 2 });
    server.sse.broadcast({ namespace: "/a", data: 3 });
    await client.hears(OPENING + "data:1\n\ndata:2\n\ndata:3\n\n");
  });

  it("brings large data whole", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/large");
    const data = "äöü€😀".repeat(50_000);
    server.sse.broadcast({ namespace: "/large", data });
    await client.hears(OPENING + `data:${data}\n\n`);
  });

  it("sends exactly the headers that an event stream needs", async () => {
    await using server = await start({ cors: false });
    const client = await server.open("/subscribe/a");
    const ours = client.headerLines.map((line) => line.toLowerCase())
      // The host's own.
      .filter((line) =>
        !/^(date|vary|connection|keep-alive|transfer-encoding):/.test(line)
      );
    assertEquals(ours.sort(), [
      "cache-control: no-cache, no-transform",
      "content-type: text/event-stream; charset=utf-8",
      "x-accel-buffering: no",
    ]);
    assertEquals(client.header("content-encoding"), undefined);
  });

  it("is not compressed though a client accepts it", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a", {
      headers: { "Accept-Encoding": "gzip, br" },
    });
    assertEquals(client.header("content-encoding"), undefined);
    server.sse.broadcast({ namespace: "/a", data: "plain" });
    await client.hears(OPENING + "data:plain\n\n");
  });

  it("ends with close(), which may be called twice", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    await Promise.all([server.sse.close(), server.sse.close()]);
    await server.sse.close();
    await client.done();
    assertEquals([client.body, client.ending], [OPENING, "complete"]);
    await server.handle.close();
    await server.handle.finished;
  });

  it("cuts off one who stops reading while 1,000 others miss nothing", async () => {
    const left: string[] = [];
    await using server = await start({
      maxLag: 512 * 1024,
      stallTimeout: 500,
      onDisconnect: ({ requestPath }, reason) => {
        left.push(`${requestPath} ${reason}`);
      },
    });
    const others = await server.openMany(1_000, "/subscribe/a");
    const stalled = await server.open("/subscribe/?ns=/a");
    stalled.stall();
    assertEquals(server.streams, 1_001);
    const filler = "x".repeat(64 * 1024);
    let expected = OPENING;
    let sent = 0;
    await until(() => {
      // Large ones for the stalled reader alone, small ones for all.
      server.sse.broadcast({ namespace: "/b", data: filler });
      server.sse.broadcast({ namespace: "/a", data: ++sent });
      expected += `data:${sent}\n\n`;
      return left.length > 0;
    }, "the stalled reader to be cut off");
    assertEquals(server.streams, 1_000);
    server.sse.broadcast({ namespace: "/a", data: "last" });
    expected += "data:last\n\n";
    for (const client of others) await client.hears(expected);
    assertEquals(left.length, 1);
    assertMatch(left[0]!, /^\/subscribe\/ (slow|stalled)$/);
  });
});
