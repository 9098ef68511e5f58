import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { TestClient } from "@sseserver/sseserver/testing";
import { HubFixture, NOTHING, OPENING } from "./tools/hub_fixture.ts";
import { turns } from "./tools/turns.ts";
import { until } from "./tools/waiting.ts";

describe("the hub", () => {
  it("carries an event to its namespace and to those above it", async () => {
    const fixture = new HubFixture();
    const at = (namespace: string) => fixture.open(namespace).flow();
    const [root, pets, dogs, cats, pet] = [
      at("/"),
      at("/pets"),
      at("/pets/dogs"),
      at("/pets/cats"),
      at("/pet"),
    ];
    const corgi = fixture.broadcast("/pets/dogs/small", "Corgi");
    const all = fixture.broadcast("/pets", "all");
    const other = fixture.broadcast("/petshop", "other");
    await root.hears(corgi + all + other);
    await pets.hears(corgi + all);
    await dogs.hears(corgi);
    await turns(3);
    assertEquals(cats.heard + pet.heard, "");
  });

  it("opens every stream with one chunk, before any event", async () => {
    const fixture = new HubFixture({ retry: 1_000 });
    const taps = Array.from({ length: 200 }, () => fixture.open("/x"));
    fixture.broadcast("/x", "early");
    const waits = new Set<number>();
    for (const tap of taps) {
      await tap.read();
      const [, wait] = /^:ok\nretry:(\d+)\n\n$/.exec(tap.opening)!;
      waits.add(Number(wait));
    }
    assert(Math.min(...waits) >= 500 && Math.max(...waits) <= 1_500);
    assert(waits.size > 50, `only ${waits.size} different times to come back`);
    assertEquals((await new HubFixture().join("/x")).opening, OPENING);
  });

  it("has every reader hear the one order of all events", async () => {
    const fixture = new HubFixture();
    const root = fixture.open("/").flow();
    const others = [["/a"], ["/a/b", "/c"], ["/a", "/c"], ["/c"]].map((
      set,
    ) => ({ set, tap: fixture.open(...set).flow() }));
    const all: { namespace: string; frame: string }[] = [];
    for (let i = 0; i < 300; i++) {
      const namespace = ["/c", "/a/b", "/a", "/a/b/d", "/c/a"][i * 7 % 5]!;
      all.push({ namespace, frame: fixture.broadcast(namespace, `${i}`) });
      if (i % 11 === 0) await turns();
    }
    await root.hears(all.map(({ frame }) => frame).join(""));
    for (const { set, tap } of others) {
      const theirs = all.filter(({ namespace }) =>
        set.some((own) => `${namespace}/`.startsWith(`${own}/`))
      );
      await tap.hears(theirs.map(({ frame }) => frame).join(""));
    }
  });

  it("lets a reader hear nothing of the turn before it came, and all after", async () => {
    const fixture = new HubFixture();
    const first = fixture.open("/a").flow();
    const both = fixture.open("/a", "/b").flow();
    const before = fixture.broadcast("/a", "1") + fixture.broadcast("/b", "2");
    // In channels that are there already, and in two that are not.
    const late = ["/a", "/b", "/"].map((own) => fixture.open(own).flow());
    const lateBoth = fixture.open("/a", "/b").flow();
    const a = fixture.broadcast("/a", "3");
    const latest = fixture.open("/a", "/b").flow();
    const b = fixture.broadcast("/b", "4");
    await both.hears(before + a + b);
    await lateBoth.hears(a + b);
    await latest.hears(b);
    await late[0]!.hears(a);
    await late[1]!.hears(b);
    await late[2]!.hears(a + b);
    await first.hears("data:1\n\n" + a);
  });

  it("has no reader lag that came in the middle of a turn", async () => {
    const fixture = new HubFixture();
    await fixture.join("/a");
    fixture.broadcast("/a", "before");
    fixture.open("/a");
    const lags = Array.from(fixture.hub.streams(), ({ lag }) => lag);
    assertEquals(lags, [0, 0]);
  });

  it("gives a reader that comes in the middle of a large turn just the rest", async () => {
    const fixture = new HubFixture();
    fixture.open("/a").flow();
    for (let i = 0; i < 5; i++) fixture.broadcast("/a", "x".repeat(30_000));
    fixture.broadcast("/a", "y".repeat(100_000));
    const late = fixture.open("/a").flow();
    const rest = fixture.broadcast("/a", "z") +
      fixture.broadcast("/a", "z".repeat(40_000));
    await late.hears(rest);
  });

  it("forgets a namespace in the middle of a turn, and begins anew", async () => {
    const fixture = new HubFixture();
    const gone = fixture.open("/a");
    fixture.broadcast("/a", "1");
    await gone.leave();
    const next = fixture.open("/a").flow();
    await next.hears("");
    await next.hears(fixture.broadcast("/a", "2"));
  });

  it("delivers nothing twice where one namespace lies below another", async () => {
    const sse = new SSEServer({ retry: false });
    const client = await TestClient.of(sse.subscribe(
      new Request("http://localhost/x"),
      ["/pets/dogs", "/pets", "/pets/dogs/small", "/pets", "/time"],
    ));
    assertEquals(sse.status().connections[0]!.namespace, "/pets,/time");
    sse.broadcast({ namespace: "/pets/dogs/small", data: "1" });
    sse.broadcast({ namespace: "/time", data: "2" });
    sse.broadcast({ namespace: "/pets", data: "3" });
    await sse.close();
    await client.ended();
    assertEquals(client.text, OPENING + "data:1\n\ndata:2\n\ndata:3\n\n");
  });

  it("creates nothing for what nobody listens to", () => {
    const fixture = new HubFixture();
    const { hub, clock } = fixture;
    fixture.broadcast("/a/b/c", "x");
    assertEquals(hub.counts, NOTHING);
    assertEquals(hub.counters.broadcasts, 1);
    assertEquals(clock.timers, 0);
  });

  it("is as before after everyone has left, in whichever way", async () => {
    const fixture = new HubFixture({ maxLag: 100_000 });
    const { hub, clock, ended } = fixture;
    const fast = fixture.open("/a").flow();
    const slow = fixture.open("/a");
    const unread = fixture.open("/a/b", "/c");
    const ends = fixture.open("/c", "/d");
    await turns();
    for (let i = 0; i < 8; i++) {
      fixture.broadcast("/a/b", "x".repeat(20_000));
      fixture.broadcast("/c", "y");
      await turns(3);
    }
    assertEquals(ended.get(slow.id), "slow");
    assertEquals(hub.counts.readers, 3);
    await fast.leave();
    assert(hub.counts.retainedBytes > 160_000);
    await unread.leave();
    hub.end();
    assertEquals(ended.get(ends.id), "closed");
    assertEquals(hub.counts, NOTHING);
    assertEquals(clock.timers, 0);
  });

  it("has publishers wait while it is at its limit, for a second at most", async () => {
    const fixture = new HubFixture();
    const { hub, clock } = fixture;
    const taps = Array.from({ length: 100 }, () => fixture.open("/a").flow());
    let text = "";
    const allHear = async () => {
      for (const tap of taps) await tap.hears(text);
    };
    const overload = async () => {
      for (let i = 0; i < 100; i++) {
        text += fixture.broadcast("/a", "x".repeat(30_000));
      }
      for (let i = 0; i < 50 && !hub.relief(); i++) await turns();
      assert(hub.relief() !== undefined);
    };
    await turns();
    assertEquals(hub.relief(), undefined);
    await overload();
    const early = hub.relief();
    clock.jump(1_000);
    await early;
    await allHear();
    await overload();
    const late = hub.relief();
    await allHear();
    await late;
    assertEquals(hub.relief(), undefined);
    for (const tap of taps) await tap.leave();
    assertEquals(clock.timers, 0);
  });

  it("has nobody wait for a client that is slow", async () => {
    const fixture = new HubFixture();
    const slow = await fixture.join("/a");
    const fast = fixture.open("/a").flow();
    let text = "";
    for (let i = 0; i < 100; i++) {
      text += fixture.broadcast("/a", "x".repeat(30_000));
    }
    await fast.hears(text);
    for (let i = 0; i < 20; i++) {
      await slow.read();
      await turns();
      assertEquals(fixture.hub.relief(), undefined);
    }
  });

  it("ends a stream after all that was broadcast before", async () => {
    const fixture = new HubFixture();
    const idle = await fixture.join("/a");
    const busy = fixture.open("/a").flow();
    const far = await fixture.join("/b");
    let text = fixture.broadcast("/a", "x".repeat(200_000));
    for (let i = 0; i < 100; i++) {
      text += fixture.broadcast("/a", "y".repeat(1_000));
    }
    for (let i = 0; i < 60; i++) fixture.broadcast("/b", "z".repeat(100_000));
    fixture.hub.end();
    for (const tap of [idle, busy]) {
      await tap.readBytes(Infinity);
      assertEquals([tap.heard === text, tap.end], [true, "server"]);
    }
    // Who is further behind than its stream should hold gets what it was handed.
    await far.readBytes(Infinity);
    assertEquals(far.bytes < 200_000, true);
    assertEquals(fixture.hub.counts, NOTHING);
  });

  it("leaves nothing behind after 10,000 came and went", async () => {
    const fixture = new HubFixture();
    for (let i = 0; i < 10_000; i++) {
      const tap = fixture.open(`/${i % 13}`, `/x/${i % 7}`);
      if (i % 3 === 0) fixture.broadcast(`/${i % 13}`, "x");
      await tap.leave();
    }
    await turns(2);
    assertEquals(fixture.hub.counts, NOTHING);
    assertEquals(fixture.clock.timers, 0);
    assertEquals(fixture.ended.size, 10_000);
    assertEquals(new Set(fixture.ended.values()), new Set(["client"]));
  });

  it("disconnects after what was broadcast just before", async () => {
    const fixture = new HubFixture();
    const tap = fixture.open("/a").flow();
    await turns();
    const goodbye = fixture.broadcast("/a", "goodbye");
    assertEquals(fixture.hub.disconnect(() => true), 1);
    fixture.broadcast("/a", "too late");
    await tap.hears(goodbye);
    assertEquals(tap.end, "server");
  });

  it("ends the streams of one owner and no others", async () => {
    const fixture = new HubFixture();
    const mine = fixture.openFor(fixture, "/a").flow();
    const other = fixture.openFor(new HubFixture(), "/a").flow();
    const nobodys = fixture.open("/a").flow();
    await turns();
    const last = fixture.broadcast("/a", "last");
    fixture.hub.end(fixture);
    await until(() => mine.end === "server", "the end of the stream");
    assertEquals(mine.heard, last);
    const more = fixture.broadcast("/a", "more");
    await other.hears(last + more);
    await nobodys.hears(last + more);
  });
});

describe("callbacks that fail", () => {
  for (
    const [kind, fail] of [
      ["throw", (error: Error) => {
        throw error;
      }],
      ["reject", (error: Error) => Promise.reject(error)],
    ] as [string, (error: Error) => unknown][]
  ) {
    it(`hurt nobody when they ${kind}`, async () => {
      const errors: string[] = [];
      const sse = new SSEServer({
        retry: false,
        onConnect: ({ id }) => fail(new Error(`connect ${id}`)),
        onDisconnect: ({ id }, reason) =>
          fail(new Error(`disconnect ${id} ${reason}`)),
        onError: (error) => {
          errors.push((error as Error).message);
        },
      });
      const clients = await Promise.all(
        ["/a", "/a", "/b"].map((namespace) =>
          TestClient.open(sse, `/subscribe${namespace}`)
        ),
      );
      sse.broadcast({ namespace: "/", data: "for nobody" });
      sse.broadcast({ namespace: "/a", data: "1" });
      await clients[1]!.leave();
      sse.broadcast({ namespace: "/a", data: "2" });
      assertEquals(sse.status().connections.length, 2);
      await sse.close();
      for (const client of clients) await client.ended();
      assertEquals([clients[0]!.text, clients[2]!.text], [
        OPENING + "data:1\n\ndata:2\n\n",
        OPENING,
      ]);
      await until(() => errors.length === 6, "every error");
      assertEquals(errors.sort(), [
        "connect 1",
        "connect 2",
        "connect 3",
        "disconnect 1 closed",
        "disconnect 2 client",
        "disconnect 3 closed",
      ]);
    });
  }

  it("hurt nobody when onError itself is one of them", async () => {
    const printed: unknown[][] = [];
    const original = console.error;
    console.error = (...parts) => printed.push(parts);
    try {
      const first = new Error("first");
      const second = new Error("second");
      const sse = new SSEServer({
        retry: false,
        onConnect: () => {
          throw first;
        },
        onError: () => {
          throw second;
        },
      });
      const client = await TestClient.open(sse, "/subscribe/a");
      sse.broadcast({ namespace: "/a", data: "1" });
      await sse.close();
      await client.ended();
      assertEquals(client.text, OPENING + "data:1\n\n");
      assertEquals(printed, [
        ["onError failed:", second, "while it was told:", first],
      ]);
    } finally {
      console.error = original;
    }
  });
});
