import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RUNTIME } from "../tools/runtime.ts";
import { start } from "../tools/sockets.ts";
import { after, begun, counted, resumed, say, wireOf } from "../tools/wire.ts";

describe("a stream with a history, over a real socket", () => {
  it("opens with where it goes on from, and has an id on every event", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const first = await server.open("/subscribe/a");
    await first.hears(
      wire(':ok\n\nid:E-0\nevent:sse-open\ndata:{"resumed":false}\n\n'),
    );
    const { sse } = server;
    sse.broadcast({ namespace: "/a/x", event: "new", data: "one\ntwo" });
    sse.broadcast({ namespace: "/b", data: "not for it" });
    sse.broadcast({ namespace: "/a", data: { three: 3 } });
    await first.hears(wire(
      begun("E-0") + "id:E-1\nevent:new\ndata:one\ndata:two\n\n" +
        'id:E-3\ndata:{"three":3}\n\n',
    ));
    const second = await server.open("/subscribe/a");
    await second.hears(wire(begun("E-3")));
    assertEquals(
      await sse.publish({ namespace: "/a", data: "4" }),
      wire("E-4"),
    );
    await second.hears(wire(begun("E-3") + "id:E-4\ndata:4\n\n"));
  });

  it("says retry: before that, in the same first chunk", async () => {
    await using server = await start({ history: true, retry: 100 });
    const { body } = await server.open("/subscribe/a");
    assertMatch(
      body,
      /^:ok\nretry:\d{2,3}\n\nid:[0-9a-z]+-0\nevent:sse-open\ndata:\{"resumed":false\}\n\n$/,
    );
  });

  const ways: Record<
    string,
    (id: string) => { path: string; headers?: Record<string, string> }
  > = {
    "the header Last-Event-ID": (id) => ({ path: "", ...after(id) }),
    "?lastEventId=": (id) => ({ path: `?lastEventId=${id}` }),
    "?last-event-id=": (id) => ({ path: `?ns=/a&last-event-id=${id}` }),
    "an empty header and the query": (id) => ({
      path: `?lastEventId=${id}`,
      ...after(""),
    }),
    "the header, whatever the query says": (id) => ({
      path: `?lastEventId=${id.replace(/\d+$/, "4")}&last-event-id=garbage`,
      ...after(id),
    }),
  };
  for (const [way, request] of Object.entries(ways)) {
    it(`resumes by ${way}: exactly what was missed, then live`, async () => {
      await using server = await start({ history: true });
      const wire = await wireOf(server);
      say(server, "1", "2", "/b:3", "/a/x:4", "5");
      const { path, headers = {} } = request(wire("E-1"));
      const client = server.send(`/subscribe/a${path}`, { headers });
      const missed = resumed("E-1") + "id:E-2\ndata:2\n\n" +
        "id:E-4\ndata:4\n\n" + "id:E-5\ndata:5\n\n";
      await client.hears(wire(missed));
      say(server, "6", "/b:7", "8");
      await client.hears(
        wire(missed + "id:E-6\ndata:6\n\n" + "id:E-8\ndata:8\n\n"),
      );
    });
  }

  it("resumes with nothing missed by opening where its client stands", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1", "/b:2", "/b:3");
    // What came later went elsewhere: the id is the client's own all the same.
    const client = server.send("/subscribe/a", after(wire("E-1")));
    await client.hears(wire(resumed("E-1")));
    say(server, "4");
    await client.hears(wire(resumed("E-1") + "id:E-4\ndata:4\n\n"));
  });

  it("loses and repeats nothing of a turn in which it was opened", async () => {
    await using server = await start({ history: true });
    // The same turn of the event loop broadcasts before and after it opens.
    server.sse.app.get("/turn", ({ req, env }) => {
      say(server, "1", "2");
      const response = server.sse.subscribe(req.raw, "/a", { info: env });
      say(server, "3");
      return response;
    });
    const wire = await wireOf(server);
    const resumer = server.send("/turn", after(wire("E-0")));
    await resumer.hears(wire(
      resumed("E-0") + "id:E-1\ndata:1\n\n" + "id:E-2\ndata:2\n\n" +
        "id:E-3\ndata:3\n\n",
    ));
    const newcomer = server.send("/turn");
    await newcomer.hears(wire(begun("E-5") + "id:E-6\ndata:3\n\n"));
    say(server, "end");
    await resumer.hears(wire(
      resumed("E-0") + "id:E-1\ndata:1\n\n" + "id:E-2\ndata:2\n\n" +
        "id:E-3\ndata:3\n\n" + "id:E-4\ndata:1\n\n" + "id:E-5\ndata:2\n\n" +
        "id:E-6\ndata:3\n\n" + "id:E-7\ndata:end\n\n",
    ));
  });

  it("resumes several namespaces in one order, and none twice", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "/c:1", "/a:2", "/d:3", "/b/x:4", "/a/y:5", "/c:6", "/b:7");
    const client = server.send(
      "/subscribe/b?ns=/a&ns=/c&ns=/a/y",
      after(wire("E-1")),
    );
    const missed = resumed("E-1") + "id:E-2\ndata:2\n\n" +
      "id:E-4\ndata:4\n\n" + "id:E-5\ndata:5\n\n" + "id:E-6\ndata:6\n\n" +
      "id:E-7\ndata:7\n\n";
    await client.hears(wire(missed));
    say(server, "/d:8", "/c:9");
    await client.hears(wire(missed + "id:E-9\ndata:9\n\n"));
  });

  it("replays an event of 1 MiB whole, and those around it", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    // No two pieces of it are alike.
    const large = Array.from(
      { length: 131_072 },
      (_, i) => i.toString(36).padStart(8, "0"),
    ).join("");
    assertEquals(large.length, 1024 * 1024);
    say(server, "before", large, "after", large);
    const missed = resumed("E-0") + "id:E-1\ndata:before\n\n" +
      `id:E-2\ndata:${large}\n\n` + "id:E-3\ndata:after\n\n" +
      `id:E-4\ndata:${large}\n\n`;
    const clients = Array.from(
      { length: 5 },
      () => server.send("/subscribe/a", after(wire("E-0"))),
    );
    for (const client of clients) await client.hears(wire(missed));
    say(server, "live");
    for (const client of clients) {
      await client.hears(wire(missed + "id:E-5\ndata:live\n\n"));
    }
  });

  it("replays 5,000 events to many at once, each exactly once", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const events: string[] = [];
    for (let i = 1; i <= 5_000; i++) {
      say(server, `${i} ${"x".repeat(i % 97)}`);
      events.push(`id:E-${i}\ndata:${i} ${"x".repeat(i % 97)}\n\n`);
    }
    const clients = Array.from({ length: 20 }, (_, i) => {
      const from = i * 250;
      return {
        from,
        client: server.send("/subscribe/a", after(wire(`E-${from}`))),
      };
    });
    say(server, "live");
    for (const { from, client } of clients) {
      await client.hears(wire(
        resumed(`E-${from}`) + events.slice(from).join("") +
          "id:E-5001\ndata:live\n\n",
      ));
    }
  });

  it("gets its keepalive as the newest id, which is no event", async () => {
    await using server = await start({ history: true, keepAlive: 20 });
    const wire = await wireOf(server);
    const client = await server.open("/subscribe/a");
    say(server, "/b:1", "/b:2");
    await client.hearsSomewhere(wire("id:E-2\n\n"));
    say(server, "3");
    await client.hearsSomewhere(wire("id:E-3\ndata:3\n\nid:E-3\n\n"));
    assertMatch(
      client.body,
      new RegExp(wire(
        `^${
          begun("E-0")
        }(id:E-0\n\n)*(id:E-2\n\n)+id:E-3\ndata:3\n\n(id:E-3\n\n)+$`,
      )),
    );
  });

  it("registers nobody for HEAD, whatever it asks for", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1", "2");
    for (const id of [wire("E-1"), wire("E-9"), "garbage", ""]) {
      const head = await server.ask("/subscribe/a?latest", {
        method: "HEAD",
        ...after(id),
      });
      assertEquals([head.status, head.body], [200, ""]);
      assertEquals(
        head.header("content-type"),
        "text/event-stream; charset=utf-8",
      );
    }
    assertEquals(server.streams, 0);
    assertEquals(await counted(server, "replays_total", "gaps_total"), {
      replays_total: 0,
      gaps_total: 0,
    });
  });
});

describe("history: false", () => {
  it("keeps the wire without ids, whatever id a client comes with", async () => {
    await using server = await start({ keepAlive: 20 });
    const { sse } = server;
    const open = (client: string) =>
      server.send(`/subscribe/a?lastEventId=${client}`, after(client));
    const clients = ["", "garbage", "epoch1-1"].map(open);
    for (const client of clients) await client.hearsSomewhere(":keepalive\n");
    sse.broadcast({ namespace: "/a", event: "new", data: "one\ntwo" });
    sse.broadcast({ namespace: "/a", data: { three: 3 } });
    for (const client of clients) {
      await client.hearsSomewhere('data:{"three":3}\n\n');
      assertMatch(
        client.body,
        /^:ok\n\n(:keepalive\n)+event:new\ndata:one\ndata:two\n\n(:keepalive\n)*data:\{"three":3\}\n\n(:keepalive\n)*$/,
      );
    }
    const late = open("epoch1-1");
    await late.hearsSomewhere(":keepalive\n");
    assertMatch(late.body, /^:ok\n\n(:keepalive\n)+$/);
  });
});

describe("subscribe() in a route of one's own", () => {
  it("resumes by header and query, and does not read ?latest", async () => {
    await using server = await start({ history: true });
    server.sse.app.get(
      "/mine",
      ({ req, env }) => server.sse.subscribe(req.raw, "/a", { info: env }),
    );
    const wire = await wireOf(server);
    say(server, "1", "2");
    const heard = wire(resumed("E-1") + "id:E-2\ndata:2\n\n");
    await server.send("/mine", after(wire("E-1"))).hears(heard);
    await server.send(wire("/mine?lastEventId=E-1&latest&ns=/b")).hears(heard);
    const fresh = server.send("/mine?latest");
    await fresh.hears(wire(begun("E-2")));
    say(server, "/b:3", "4");
    await fresh.hears(wire(begun("E-2") + "id:E-4\ndata:4\n\n"));
    server.sse.end("/a");
    const seen = await server.ask("/mine", after(wire("E-5")));
    assertEquals(seen.status, 204);
  });

  it("resumes by query whatever the host is called, where that is let through", async () => {
    await using server = await start({ history: true });
    server.sse.app.get(
      "/mine",
      ({ req, env }) => server.sse.subscribe(req.raw, "/a", { info: env }),
    );
    const wire = await wireOf(server);
    const { status } = await server.send(wire("/mine?lastEventId=E-0"), {
      headers: { Host: "[" },
    }).answered();
    assertEquals(status, RUNTIME === "bun" ? 200 : 400);
  });

  it("sends the latest where its caller says so", async () => {
    await using server = await start({ history: true });
    server.sse.app.get(
      "/mine",
      ({ req, env }) =>
        server.sse.subscribe(req.raw, ["/a", "/b"], {
          info: env,
          latest: true,
        }),
    );
    const wire = await wireOf(server);
    say(server, "1", "/b:2", "3");
    await server.send("/mine?latest=false").hears(wire(
      ":ok\n\ndata:2\n\ndata:3\n\n" +
        'id:E-3\nevent:sse-open\ndata:{"resumed":false}\n\n',
    ));
    await server.send("/mine", after(wire("E-2"))).hears(
      wire(resumed("E-2") + "id:E-3\ndata:3\n\n"),
    );
    await using without = await start();
    assertThrows(
      () =>
        without.sse.subscribe(new Request("http://localhost/"), "/a", {
          latest: true,
        }),
      TypeError,
      "Cannot subscribe as 'latest' needs the option 'history': current value is true",
    );
  });
});
