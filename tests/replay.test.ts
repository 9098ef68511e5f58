import { assert, assertEquals, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { encodeEnd } from "../src/notice.ts";
import { HubFixture, NOTHING, OPENING } from "./tools/hub_fixture.ts";
import { turns } from "./tools/turns.ts";
import { until } from "./tools/waiting.ts";

const history = { messages: 1_000, bytes: 10_000_000, age: 3_600_000 };
const KIB = 1024;

/** A hub that remembers. */
function remembering(
  options: ConstructorParameters<typeof HubFixture>[0] = {},
): HubFixture {
  return new HubFixture({ history, ...options });
}

function opening(id: string, resumed: boolean): string {
  return `${OPENING}id:${id}\nevent:sse-open\ndata:{"resumed":${resumed}}\n\n`;
}

describe("a stream of a hub that remembers", () => {
  it("opens with where it begins, and gives each event its id", async () => {
    const fixture = remembering();
    fixture.broadcast("/a", "before");
    const tap = fixture.open("/a").flow();
    fixture.broadcast("/b", "not for it");
    fixture.broadcast("/a/x", "1");
    await tap.hears("id:e-3\ndata:1\n\n");
    assertEquals(tap.opening, opening("e-1", false));
  });

  it("goes from what it missed to the present without a hole or a repeat", async () => {
    const fixture = remembering();
    const count = 200;
    for (let i = 0; i < count / 2; i++) {
      fixture.broadcast("/a", "x".repeat(KIB));
    }
    const tap = fixture.resume({ lastEventId: "e-10" }, "/a");
    // What comes meanwhile comes within turns and between them.
    for (let i = count / 2; i < count; i++) {
      if (i % 5 === 0) await tap.read();
      if (i % 7 === 0) await turns();
      fixture.broadcast("/a", "x".repeat(KIB));
    }
    tap.flow();
    await tap.hears(
      Array.from(
        { length: count - 10 },
        (_, i) => `id:e-${i + 11}\ndata:${"x".repeat(KIB)}\n\n`,
      ).join(""),
    );
    assertEquals(tap.opening, opening("e-10", true));
    const [stream] = fixture.hub.streams();
    assertEquals(stream!.sent, count - 10);
    assertEquals(stream!.lag, 0);
    assertEquals(fixture.hub.counters.replays, 1);
    assertEquals(fixture.hub.counters.deliveries, count - 10);
  });

  it("retains nothing for 1,000 who do not read what they missed, and cuts them off", async () => {
    const fixture = remembering({ stallTimeout: 3_000 });
    const { hub, clock, ended } = fixture;
    for (let i = 0; i < 100; i++) fixture.broadcast("/a", "x".repeat(KIB));
    const taps = Array.from(
      { length: 1_000 },
      () => fixture.resume({ lastEventId: "e-1" }, "/a"),
    );
    for (const tap of taps) await tap.read();
    const healthy = fixture.open("/a").flow();
    let text = "";
    for (let i = 0; i < 50; i++) {
      text += `id:e-${101 + i}\n` + fixture.broadcast("/a", "y".repeat(KIB));
      await healthy.hears(text);
      assertEquals(hub.retained.bytes, 0);
    }
    const [stalled] = hub.streams();
    // All that came since its place.
    assertEquals(stalled!.lag > 149 * KIB, true);
    await clock.advance(4_000);
    assertEquals(ended.size, 1_000);
    assertEquals([...new Set(ended.values())], ["stalled"]);
    assertEquals(hub.size, 1);
  });

  it("is told where the history forgets faster than it reads", async () => {
    const fixture = remembering({ history: { ...history, messages: 10 } });
    for (let i = 0; i < 10; i++) fixture.broadcast("/a", "x".repeat(40 * KIB));
    const tap = fixture.resume({ lastEventId: "e-1" }, "/a");
    await tap.read();
    await tap.read();
    assert(tap.heard.startsWith("id:e-2\n"));
    for (let i = 0; i < 8; i++) fixture.broadcast("/a", "y");
    tap.chunks.length = 0;
    tap.flow();
    await tap.hears(
      `id:e-8\nevent:sse-gap\ndata:{"from":"e-2","to":"e-8","reason":"lagged"}\n\n` +
        `id:e-9\ndata:${"x".repeat(40 * KIB)}\n\n` +
        `id:e-10\ndata:${"x".repeat(40 * KIB)}\n\n` +
        Array.from({ length: 8 }, (_, i) => `id:e-${i + 11}\ndata:y\n\n`)
          .join(""),
    );
    assertEquals(fixture.hub.counters.gaps, 1);
  });

  it("is cut off in an event that was forgotten before it was through", async () => {
    const fixture = remembering({ history: { ...history, messages: 2 } });
    const frame = `id:e-1\ndata:${"x".repeat(200 * KIB)}\n\n`;
    fixture.broadcast("/a", "x".repeat(200 * KIB));
    const tap = fixture.resume({ lastEventId: "e-0" }, "/a");
    await tap.read();
    await tap.read();
    for (let i = 0; i < 3; i++) fixture.broadcast("/a", "y");
    tap.flow();
    await turns(5);
    assert(tap.end instanceof Error);
    assert(frame.startsWith(tap.heard) && tap.bytes < 200 * KIB);
    assertEquals(fixture.ended.get(tap.id), "slow");
    assertEquals(fixture.hub.counts, NOTHING);
  });

  it("gets all of an event that is still there, and is told then of what is not", async () => {
    const fixture = remembering({ history: { ...history, messages: 2 } });
    const data = "x".repeat(200 * KIB);
    fixture.broadcast("/a/long", data);
    fixture.broadcast("/a/busy", "1");
    const tap = fixture.resume({ lastEventId: "e-0" }, "/a");
    await tap.read();
    await tap.read();
    fixture.broadcast("/a/busy", "2");
    tap.flow();
    await tap.hears(
      `id:e-1\ndata:${data}\n\n` +
        `id:e-2\nevent:sse-gap\ndata:{"from":"e-1","to":"e-2","reason":"lagged"}\n\n` +
        "id:e-3\ndata:2\n\n",
    );
  });

  it("is told when its engine goes on somewhere else", async () => {
    const fixture = remembering();
    const taps = [
      fixture.open("/a").flow(),
      fixture.open("/a", "/b").flow(),
      fixture.open("/c").flow(),
    ];
    await turns();
    fixture.broadcast("/a", "1");
    const at = (epoch: string, seq: number) =>
      fixture.hub.deliver({
        epoch,
        seq,
        namespace: "/a",
        body: new TextEncoder().encode("data:new\n\n"),
      });
    at("e", 5);
    at("f", 1);
    const told = (id: string, from: string, reason: string) =>
      `id:${id}\nevent:sse-gap\ndata:{"from":"${from}","to":"${id}","reason":"${reason}"}\n\n`;
    const [first, second] = [
      told("e-4", "e-1", "trimmed"),
      told("f-0", "e-5", "epoch"),
    ];
    const heard = "id:e-1\ndata:1\n\n" + first + "id:e-5\ndata:new\n\n" +
      second + "id:f-1\ndata:new\n\n";
    await taps[0]!.hears(heard);
    await taps[1]!.hears(heard);
    await taps[2]!.hears(first + second);
    assertEquals(fixture.hub.counters.gaps, 6);
  });

  it("hears the rest whole where it came in the turn that told of a gap", async () => {
    const fixture = remembering();
    const { hub } = fixture;
    const early = fixture.open("/a", "/b").flow();
    await turns();
    hub.begin({ epoch: "e", seq: 4 });
    const late = fixture.open("/a", "/b").flow();
    hub.deliver({
      epoch: "e",
      seq: 5,
      namespace: "/a",
      body: new TextEncoder().encode(`data:${"x".repeat(KIB)}\n\n`),
    });
    const event = `id:e-5\ndata:${"x".repeat(KIB)}\n\n`;
    await late.hears(event);
    await early.hears(
      `id:e-4\nevent:sse-gap\ndata:{"from":"e-0","to":"e-4","reason":"trimmed"}\n\n` +
        event,
    );
  });

  it("is told once of a gap that comes while it catches up", async () => {
    const fixture = remembering();
    for (let i = 0; i < 2; i++) fixture.broadcast("/a", "x".repeat(40 * KIB));
    const tap = fixture.resume({ lastEventId: "e-0" }, "/a");
    fixture.hub.begin({ epoch: "e", seq: 4 });
    tap.flow();
    const event = `data:${"x".repeat(40 * KIB)}\n\n`;
    await tap.hears(
      `id:e-0\nevent:sse-gap\ndata:{"from":"e-0","to":"e-4","reason":"lagged"}\n\n` +
        `id:e-1\n${event}id:e-2\n${event}`,
    );
    assertEquals(fixture.hub.counters.gaps, 1);
  });

  it("moves its client's id on while it is silent, never past what it has not got", async () => {
    const fixture = remembering({ keepAlive: 1_000 });
    const { clock } = fixture;
    const tap = fixture.open("/a").flow();
    await turns();
    for (let i = 0; i < 5; i++) fixture.broadcast("/b", "not for it");
    await clock.advance(2_000);
    const ids = () =>
      [...tap.heard.matchAll(/^id:(.*)$/gm)].map(([, id]) => id);
    assertEquals([...new Set(ids())], ["e-5"]);
    // Broadcast and not sent yet when the keepalive is due.
    for (let i = 6; i < 10; i++) {
      fixture.broadcast("/a", `${i}`);
      clock.jump(1_000);
    }
    await turns(5);
    assertEquals(
      tap.heard.replaceAll("id:e-5\n\n", "").replaceAll(/id:e-(\d)\n\n/g, ""),
      [6, 7, 8, 9].map((i) => `id:e-${i}\ndata:${i}\n\n`).join(""),
    );
    const heard = ids().map((id) => Number(id!.slice(2)));
    assertEquals(heard, heard.toSorted((a, b) => a - b));
  });

  it("gets the last messages when it asks for more, which do not pile up before", async () => {
    const fixture = remembering();
    fixture.broadcast("/a/x", "1");
    fixture.broadcast("/a/y", "2");
    fixture.broadcast("/a/x", "3");
    const tap = await (async () => {
      const tap = fixture.resume({ latest: true }, "/a");
      await tap.read();
      return tap;
    })();
    assertEquals(tap.opening, OPENING);
    fixture.broadcast("/a/x", "4");
    tap.flow();
    await tap.hears(
      "data:2\n\ndata:3\n\n" + opening("e-3", false).slice(OPENING.length) +
        "id:e-4\ndata:4\n\n",
    );
  });

  it("leaves nothing behind when its client goes in the middle", async () => {
    const fixture = remembering();
    for (let i = 0; i < 100; i++) fixture.broadcast("/a", "x".repeat(10 * KIB));
    for (let reads = 0; reads < 12; reads++) {
      const tap = fixture.resume({ lastEventId: "e-1" }, "/a", "/b");
      for (let i = 0; i < reads; i++) await tap.read();
      await tap.leave();
      assertEquals(fixture.hub.counts, NOTHING);
    }
    assertEquals(fixture.clock.timers, 0);
  });
});

describe("the end of a namespace", () => {
  const end = (namespace: string) =>
    `event:sse-end\ndata:{"namespace":"${namespace}"}\n\n`;

  function endOf(fixture: HubFixture, namespace: string): void {
    fixture.deliver(namespace, encodeEnd(namespace));
  }

  it("ends those who hear nothing else, after all that came before", async () => {
    const fixture = remembering();
    const { hub, ended } = fixture;
    const reader = fixture.open("/a").flow();
    const lagging = await fixture.join("/a");
    const above = fixture.open("/").flow();
    const both = fixture.open("/a", "/b").flow();
    const below = fixture.open("/a/x").flow();
    await turns();
    const large = "x".repeat(100 * KIB);
    fixture.broadcast("/a", large);
    endOf(fixture, "/a");
    const text = `id:e-1\ndata:${large}\n\nid:e-2\n${end("/a")}`;
    await reader.hears(text);
    lagging.flow();
    await lagging.hears(text);
    assertEquals([reader.end, lagging.end], ["server", "server"]);
    assertEquals(ended.get(reader.id), "closed");
    await above.hears(text);
    await both.hears(text);
    assertEquals(below.heard, "");
    assertEquals(hub.size, 3);
    endOf(fixture, "/b");
    await turns();
    assertEquals(both.end, "server");
  });

  it("comes to those who come back or are new, and is then over", async () => {
    const fixture = remembering();
    fixture.broadcast("/a", "1");
    fixture.broadcast("/a", "2");
    endOf(fixture, "/a");
    fixture.broadcast("/b", "4");
    const asked = (lastEventId: string, ...namespaces: string[]) =>
      fixture.hub.history.hasSeenEnd({
        namespaces,
        lastEventId,
        latest: false,
      });
    assertEquals(["", "e-2", "f-3", "e-9"].map((id) => asked(id, "/a")), [
      false,
      false,
      false,
      false,
    ]);
    assertEquals([asked("e-3", "/a"), asked("e-4", "/a")], [true, true]);
    assertEquals(asked("e-4", "/a", "/b"), false);
    const resumed = fixture.resume({ lastEventId: "e-1" }, "/a").flow();
    await resumed.hears(`id:e-2\ndata:2\n\nid:e-3\n${end("/a")}`);
    const late = fixture.open("/a").flow();
    await late.hears(`id:e-3\n${end("/a")}`);
    assertEquals(late.opening, opening("e-2", false));
    assertEquals([resumed.end, late.end], ["server", "server"]);
    const latest = fixture.resume({ latest: true }, "/a").flow();
    await latest.hears(
      "data:2\n\n" + opening("e-2", false).slice(OPENING.length) +
        `id:e-3\n${end("/a")}`,
    );
    // What has ended is no state that those above it would want.
    const above = fixture.resume({ latest: true }, "/").flow();
    await above.hears(
      "data:4\n\n" + opening("e-4", false).slice(OPENING.length),
    );
    await above.leave();
    assertEquals(fixture.hub.counts, NOTHING);
  });

  it("is undone by what is broadcast there or below", async () => {
    const fixture = remembering();
    for (const namespace of ["/a", "/a/x/y"]) {
      endOf(fixture, "/a");
      assertEquals(fixture.hub.history.hasSeenEnd(seen(fixture)), true);
      fixture.broadcast(namespace, "again");
      assertEquals(fixture.hub.history.hasSeenEnd(seen(fixture)), false);
    }
    const tap = fixture.resume({ lastEventId: "e-1" }, "/a").flow();
    await tap.hears(
      `id:e-2\ndata:again\n\nid:e-3\n${end("/a")}id:e-4\ndata:again\n\n`,
    );
    assertEquals(tap.end, undefined);
  });

  it("is forgotten with the history", async () => {
    const fixture = remembering({ history: { ...history, age: 1_000 } });
    endOf(fixture, "/a");
    assertEquals(fixture.hub.history.hasSeenEnd(seen(fixture)), true);
    await fixture.clock.advance(1_000);
    const tap = fixture.open("/a").flow();
    await turns();
    assertEquals(tap.end, undefined);
    assertEquals(fixture.hub.history.hasSeenEnd(seen(fixture)), false);
    assertEquals(fixture.hub.history.size, { messages: 0, bytes: 0 });
  });

  it("ends who catches up together with who is live, though one end is forgotten", async () => {
    const fixture = remembering({ history: { ...history, messages: 1 } });
    const live = fixture.open("/a", "/b").flow();
    await turns();
    endOf(fixture, "/a");
    fixture.broadcast("/b", "2");
    const late = fixture.resume({ lastEventId: "e-1" }, "/a", "/b");
    await late.read();
    endOf(fixture, "/b");
    late.flow();
    await turns(5);
    assertEquals([live.end, late.end], ["server", "server"]);
    assertEquals(fixture.hub.counts, NOTHING);
  });

  it("ends streams without a history too", async () => {
    const fixture = new HubFixture();
    const reader = fixture.open("/a").flow();
    await turns();
    fixture.broadcast("/a", "1");
    endOf(fixture, "/a");
    await reader.hears("data:1\n\n" + end("/a"));
    assertEquals(reader.end, "server");
    assertEquals(fixture.hub.counts, NOTHING);
  });

  function seen(fixture: HubFixture) {
    const lastEventId = fixture.id(fixture.hub.counters.broadcasts);
    return { namespaces: ["/a"], lastEventId, latest: false };
  }
});

describe("10,000 who come back at once", () => {
  it("get what they missed, joined once for all at the same place", async () => {
    const fixture = remembering();
    for (let i = 0; i < 100; i++) fixture.broadcast("/a", `${i}`);
    const taps = Array.from(
      { length: 10_000 },
      (_, i) => fixture.resume({ lastEventId: `e-${i % 5}` }, "/a").flow(),
    );
    await until(
      () => taps.every(({ heard }) => heard.endsWith("data:99\n\n")),
      "all that was missed",
    );
    const joined = new Set(taps.flatMap(({ chunks }) => chunks));
    assertEquals(joined.size, 5);
    const [first] = taps;
    assertEquals(first!.heard.match(/^data:/gm)!.length, 100);
    fixture.broadcast("/a", "live");
    for (const tap of taps.slice(0, 50)) {
      await tap.hears(
        tap.heard.split("id:e-101")[0] + "id:e-101\ndata:live\n\n",
      );
    }
    assertEquals(fixture.hub.counters.replays, 10_000);
    assertLess(fixture.hub.retained.bytes, 1);
  });
});
