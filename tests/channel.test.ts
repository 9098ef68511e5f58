import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SEGMENT_BYTES } from "../src/segment.ts";
import { HubFixture, type Tap } from "./tools/hub_fixture.ts";
import { microtasks, turns } from "./tools/turns.ts";
import { until } from "./tools/waiting.ts";

describe("what readers share", () => {
  it("is the very same bytes among the readers of a channel", async () => {
    const fixture = new HubFixture();
    const one = await fixture.join("/a");
    const two = await fixture.join("/a");
    const both = Promise.all([one.read(), two.read()]);
    const text = fixture.broadcast("/a", "1") + fixture.broadcast("/a/b", "2");
    await both;
    assertEquals(one.heard, text);
    assertStrictEquals(one.chunks[0], two.chunks[0]);
    // One who was not ready shares it too.
    const late = fixture.broadcast("/a", "3") + fixture.broadcast("/a", "4");
    await turns(2);
    await one.read();
    await turns(2);
    await two.read();
    assertEquals(two.heard, text + late);
    assertStrictEquals(one.chunks[1], two.chunks[1]);
  });

  it("is the very same bytes among sets, if all came through one namespace", async () => {
    const fixture = new HubFixture();
    const taps = await Promise.all([
      fixture.join("/global"),
      ...Array.from(
        { length: 50 },
        (_, i) => fixture.join(`/users/${i}`, "/global"),
      ),
    ]);
    const readAll = () => Promise.all(taps.map((tap) => tap.read()));
    let read = readAll();
    const shared = fixture.broadcast("/global", "1") +
      fixture.broadcast("/global/x", "2");
    const [first, ...others] = await read;
    for (const chunk of others) assertStrictEquals(chunk, first);

    read = readAll();
    const mixed = [
      fixture.broadcast("/global", "3"),
      fixture.broadcast("/users/7", "4"),
      fixture.broadcast("/global", "5"),
    ];
    await read;
    assertEquals(taps[7 + 1]!.heard, shared + mixed.join(""));
    assertEquals(taps[1]!.heard, shared + mixed[0] + mixed[2]);
    assertNotStrictEquals(taps[7 + 1]!.chunks[1], taps[1]!.chunks[1]);
    assertStrictEquals(taps[1]!.chunks[1], taps[0]!.chunks[1]);
  });

  it("leaves as one segment when it was broadcast in one turn", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a", "/b");
    const read = tap.read();
    let text = "";
    for (let i = 0; i < 100; i++) {
      text += fixture.broadcast(i % 3 === 0 ? "/b" : "/a", `${i}`);
    }
    await read;
    assertEquals(tap.heard, text);
  });

  it("leaves within microtasks when it is alone", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    for (const data of ["1", "2"]) {
      // A server that has just been busy works once a turn.
      await new Promise((resolve) => setTimeout(resolve, 5));
      const before = tap.heard;
      void tap.read();
      await microtasks();
      const frame = fixture.broadcast("/a", data);
      assertEquals(tap.heard, before);
      await microtasks();
      assertEquals(tap.heard, before + frame);
    }
  });

  it("is split into views where a frame is large, and arrives whole", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    const small = fixture.broadcast("/a", "before");
    const data = Array.from({ length: 50_000 }, (_, i) => i).join(" ");
    const large = fixture.broadcast("/a", data);
    const last = fixture.broadcast("/a", "after");
    const text = small + large + last;
    await tap.readBytes(text.length);
    assertEquals(tap.heard, text);
    const [first, ...views] = tap.chunks;
    assertEquals(first!.length, small.length);
    assertEquals(views.pop()!.length, last.length);
    assertEquals(views.length, Math.ceil(large.length / SEGMENT_BYTES));
    assert(views.every(({ length }) => length <= SEGMENT_BYTES));
  });

  it("comes in full segments where a turn brings more than one", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    let text = "";
    for (let i = 0; i < 3_000; i++) text += fixture.broadcast("/a", `${i}`);
    for (let i = 0; i < 3_000; i++) {
      text += fixture.broadcast("/a", "x".repeat(100));
    }
    await tap.readBytes(text.length);
    assertEquals(tap.heard, text);
    const last = tap.chunks.pop()!;
    assertLessOrEqual(last.length, SEGMENT_BYTES);
    for (const { length } of tap.chunks) {
      assert(length <= SEGMENT_BYTES && length > SEGMENT_BYTES - 150);
    }
  });

  it("comes in large pieces where the server cannot serve everyone in a turn", async () => {
    const fixture = new HubFixture();
    // Hosts that take longer than a turn, in whatever order they get theirs.
    const taps = Array.from(
      { length: 2_000 },
      () => fixture.open("/a").flow(2),
    );
    await turns(2);
    let text = "";
    // More for all of them than a turn hands out at most.
    for (let turn = 0; turn < 60; turn++) {
      for (let i = 0; i < 30; i++) {
        text += fixture.broadcast("/a", "x".repeat(1_000));
      }
      await turns();
    }
    await taps[0]!.hears(text);
    for (const tap of taps) {
      await until(() => tap.bytes === text.length, "all bytes");
      assertLess(tap.chunks.length, 1.2 * text.length / SEGMENT_BYTES);
    }
    assertEquals(fixture.hub.retained.bytes, 0);
  });
});

describe("keepalives", () => {
  const KEEP_ALIVE = ":keepalive\n";

  /** In which of the next `seconds` each of the readers heard something. */
  async function timesHeard(
    { clock }: HubFixture,
    taps: readonly Tap[],
    seconds: number,
  ): Promise<number[][]> {
    const times: number[][] = taps.map(() => []);
    for (let second = 1; second <= seconds; second++) {
      const before = taps.map(({ chunks }) => chunks.length);
      await clock.advance(1_000);
      taps.forEach(({ chunks }, i) => {
        if (chunks.length > before[i]!) times[i]!.push(second);
      });
    }
    return times;
  }

  function gaps(times: readonly number[]): number[] {
    return times.slice(1).map((time, i) => time - times[i]!);
  }

  it("come once an interval on a silent stream", async () => {
    const fixture = new HubFixture();
    const tap = fixture.open("/a").flow();
    await turns();
    const [times] = await timesHeard(fixture, [tap], 100);
    assert(times![0]! <= 22, `the first came after ${times![0]} s`);
    assertEquals(gaps(times!), times!.slice(1).map(() => 15));
    assertEquals(tap.heard, KEEP_ALIVE.repeat(times!.length));
    assert(times!.length >= 6);
  });

  it("are left out while a stream is written to, and come when it is silent", async () => {
    const fixture = new HubFixture();
    const busy = fixture.open("/a").flow();
    const silent = fixture.open("/b").flow();
    let text = "";
    for (let i = 0; i < 20; i++) {
      text += fixture.broadcast("/a", `${i}`);
      await fixture.clock.advance(5_000);
    }
    assertEquals(busy.heard, text);
    assertEquals(silent.heard, KEEP_ALIVE.repeat(6));
    await fixture.clock.advance(12_000);
    assertEquals(busy.heard, text + KEEP_ALIVE);
  });

  it("of many streams are spread over the interval", async () => {
    const fixture = new HubFixture();
    const taps = Array.from({ length: 1_000 }, () => fixture.open("/a").flow());
    await timesHeard(fixture, [], 30);
    const times = await timesHeard(fixture, taps, 15);
    const inSecond = new Map<number, number>();
    for (const [time, ...more] of times) {
      assertEquals(more, []);
      inSecond.set(time!, (inSecond.get(time!) ?? 0) + 1);
    }
    assertEquals(inSecond.size, 15);
    assert(Math.max(...inSecond.values()) <= 67);
  });

  it("come every 8 s where the host's own time-out could not be raised", async () => {
    for (const keepAlive of [15_000, 0]) {
      const fixture = new HubFixture({ keepAlive });
      const tap = fixture.openOnImpatientHost("/a").flow();
      const patient = fixture.open("/a").flow();
      await turns();
      const [times] = await timesHeard(fixture, [tap], 60);
      assert(times![0]! <= 8, `the first came after ${times![0]} s`);
      assertEquals(gaps(times!), times!.slice(1).map(() => 8));
      assertEquals(
        patient.heard,
        keepAlive === 0 ? "" : KEEP_ALIVE.repeat(3),
      );
    }
  });

  it("never come in the middle of an event", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    const event = fixture.broadcast("/a", "x".repeat(200_000));
    for (let i = 0; i < 4; i++) {
      await tap.read();
      await fixture.clock.advance(20_000);
    }
    tap.flow();
    await fixture.clock.advance(16_000);
    assertEquals(tap.heard, event + KEEP_ALIVE);
  });

  it("are no events, and counted nowhere", async () => {
    const fixture = new HubFixture();
    const tap = fixture.open("/a").flow();
    await fixture.clock.advance(60_000);
    assert(tap.heard.length > 0);
    assertEquals([...fixture.hub.streams()].map(({ sent }) => sent), [0]);
    assertEquals(fixture.hub.counters.broadcasts, 0);
    await tap.hears(tap.heard + fixture.broadcast("/a", "x"));
    assertEquals([...fixture.hub.streams()].map(({ sent }) => sent), [1]);
  });
});
