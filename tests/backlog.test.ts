import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HubFixture, type Tap } from "./tools/hub_fixture.ts";
import { turns } from "./tools/turns.ts";
import { until } from "./tools/waiting.ts";

const MIB = 1024 * 1024;
const HOUR = 3_600_000;

describe("a reader that falls behind", () => {
  it("is cut off as slow, and the others hear everything", async () => {
    const fixture = new HubFixture({ maxLag: MIB });
    const stopped = await fixture.join("/a");
    const unread = fixture.open("/a");
    const others = [1, 2, 3].map(() => fixture.open("/a").flow());
    await turns();
    let text = "";
    while (fixture.ended.size < 2 && text.length < 2 * MIB) {
      text += fixture.broadcast("/a", "x".repeat(10_000));
      await turns(3);
    }
    assertGreater(text.length, MIB);
    assertLessOrEqual(text.length, MIB * 5 / 4);
    assertEquals(
      fixture.ended,
      new Map([[stopped.id, "slow"], [unread.id, "slow"]]),
    );
    await stopped.read();
    assertEquals(
      String(stopped.end),
      "CutOffError: The stream was cut off as its client is slow",
    );
    assertLessOrEqual(fixture.hub.counts.retainedBytes, 64 * 1024);
    text += fixture.broadcast("/a", "after");
    for (const tap of others) await tap.hears(text);
  });

  it("is left alone up to maxLag, and catches up", async () => {
    const fixture = new HubFixture({ maxLag: MIB });
    const slow = await fixture.join("/a");
    const fast = fixture.open("/a").flow();
    let text = "";
    for (let i = 0; i < 500; i++) {
      text += fixture.broadcast("/a", "x".repeat(10_000));
      await turns(2);
      if (text.length - slow.bytes > MIB / 2) await slow.read();
    }
    assertEquals(fixture.ended.size, 0);
    slow.flow();
    await slow.hears(text);
    await fast.hears(text);
    assertEquals(fixture.hub.counts.retainedBytes, 0);
  });

  it("is not slow when nobody is faster, as it is the server that is", async () => {
    const fixture = new HubFixture({ maxLag: 64 * 1024 });
    const taps = many(fixture);
    const deaf = await fixture.join("/a");
    const text = await overload(fixture, 5);
    assertGreater(taps[0]!.reader.lag, 20 * 64 * 1024);
    for (const tap of taps) await tap.hears(text);
    await fixture.clock.advance(1_000);
    // Only who takes nothing at all is.
    assertEquals(fixture.ended, new Map([[deaf.id, "slow"]]));
  });

  it("is not slow because one has come who begins ahead of all", async () => {
    const fixture = new HubFixture({ maxLag: 64 * 1024 });
    const taps = many(fixture);
    const before = await overload(fixture, 4);
    const late = fixture.open("/a").flow();
    const after = await overload(fixture, 4);
    assertGreater(taps[0]!.reader.lag, 20 * 64 * 1024);
    assertEquals(fixture.ended.size, 0);
    await late.hears(after);
    for (const tap of taps) await tap.hears(before + after);
    assertEquals(fixture.ended.size, 0);
  });

  it("is not slow because it came while the server was busy", async () => {
    const fixture = new HubFixture({ maxLag: 64 * 1024 });
    const taps = many(fixture);
    await overload(fixture, 4);
    const late = fixture.open("/a").flow();
    const first = await overload(fixture, 1);
    await late.hears(first);
    const caughtUp = () => taps.every(({ reader }) => reader.lag === 0);
    await until(caughtUp, "everyone to catch up");
    const second = await overload(fixture, 4);
    assertGreater(late.reader.lag, 20 * 64 * 1024);
    await late.hears(first + second);
    assertEquals(fixture.ended.size, 0);
  });

  it("is slow too when it is alone and the server has time for it", async () => {
    const fixture = new HubFixture({ maxLag: 64 * 1024 });
    const tap = await fixture.join("/a");
    for (let second = 0; second < 4; second++) {
      for (let i = 0; i < 20; i++) fixture.broadcast("/a", "x".repeat(30_000));
      await tap.read();
      await fixture.clock.advance(1_000);
      assertEquals(fixture.ended.size, 0);
    }
    for (let second = 0; second < 4; second++) {
      await tap.read();
      await fixture.clock.advance(1_000);
    }
    assertEquals(fixture.ended, new Map([[tap.id, "slow"]]));
  });
});

/** More readers than are served in a turn when all of them are behind. */
function many(fixture: HubFixture): Tap[] {
  return Array.from({ length: 64 }, () => fixture.open("/a").flow());
}

/** Broadcasts far more a turn than a reader is ever handed in one. */
async function overload(fixture: HubFixture, rounds: number): Promise<string> {
  let text = "";
  for (let i = 0; i < rounds; i++) {
    for (let n = 0; n < 40; n++) {
      text += fixture.broadcast("/a", `${i}.${n}`.padEnd(30_000));
    }
    await turns();
  }
  return text;
}

describe("a reader that stops reading", () => {
  it("is not cut off as stalled before, wherever its wait began between two beats", async () => {
    const fixture = new HubFixture({ stallTimeout: 1_000 });
    const { clock, ended } = fixture;
    const tap = await fixture.join("/a");
    await clock.advance(240);
    fixture.broadcast("/a", "x");
    await turns();
    await clock.advance(999);
    assertEquals(ended.get(tap.id), undefined);
    await clock.advance(500);
    assertEquals(ended.get(tap.id), "stalled");
  });

  it("is cut off as stalled when data has waited for stallTimeout", async () => {
    const fixture = new HubFixture({ keepAlive: 0 });
    const stalled = await fixture.join("/a");
    const unread = fixture.open("/a");
    const reads = await fixture.join("/a");
    // The time in which there is nothing to read does not count.
    await fixture.clock.advance(HOUR);
    let text = fixture.broadcast("/a", "1");
    await reads.read();
    await fixture.clock.advance(29_000);
    assertEquals(fixture.ended.size, 0);
    // This one is new, however long ago it last took something.
    text += fixture.broadcast("/a", "2");
    await turns();
    await fixture.clock.advance(2_000);
    assertEquals(
      fixture.ended,
      new Map([[stalled.id, "stalled"], [unread.id, "stalled"]]),
    );
    await stalled.read();
    assertEquals(
      String(stalled.end),
      "CutOffError: The stream was cut off as its client is stalled",
    );
    await fixture.clock.advance(26_000);
    reads.flow();
    await reads.hears(text);
    assertEquals(reads.end, undefined);
    assertEquals(fixture.hub.counts.retainedBytes, 0);
  });

  it("is cut off on a silent namespace too, by its keepalives", async () => {
    const fixture = new HubFixture();
    const unread = fixture.open("/a");
    const reads = fixture.open("/a").flow();
    await fixture.clock.advance(30_000);
    assertEquals(fixture.ended.size, 0);
    await fixture.clock.advance(40_000);
    assertEquals(fixture.ended, new Map([[unread.id, "stalled"]]));
    await fixture.clock.advance(HOUR);
    assertEquals(fixture.ended.size, 1);
    assertEquals(reads.end, undefined);
  });

  it("is not taken for one when the whole process was suspended", async () => {
    const fixture = new HubFixture();
    const reads = fixture.open("/a").flow();
    const waits = await fixture.join("/a");
    const unread = fixture.open("/b");
    await fixture.clock.advance(16_000);
    const frame = fixture.broadcast("/a", "1");
    await turns(2);
    for (let i = 0; i < 3; i++) {
      fixture.clock.jump(HOUR);
      await turns();
    }
    assertEquals(fixture.ended.size, 0);
    assertEquals(reads.heard, ":keepalive\n" + frame);
    // Afterwards the time-out is what it was.
    await fixture.clock.advance(60_000);
    assertEquals(
      fixture.ended,
      new Map([[waits.id, "stalled"], [unread.id, "stalled"]]),
    );
  });
});

describe("what is retained for readers that are behind", () => {
  it("is bounded for the server: most is given up where most is retained", async () => {
    const fixture = new HubFixture({}, { bufferedBytes: MIB });
    const elsewhere = await fixture.join("/b");
    const furthest = await fixture.join("/a");
    const between = await fixture.join("/a");
    const fast = fixture.open("/a").flow();
    const other = fixture.broadcast("/b", "x".repeat(300_000));
    let text = "";
    while (fixture.ended.size === 0 && text.length < 2 * MIB) {
      text += fixture.broadcast("/a", "x".repeat(10_000));
      await turns(3);
      if (text.length < MIB / 2) await between.read();
    }
    assertEquals(fixture.ended, new Map([[furthest.id, "slow"]]));
    assertGreater(text.length, 700_000);
    await fast.hears(text);
    between.flow();
    elsewhere.flow();
    await between.hears(text);
    await elsewhere.hears(other);
    assertEquals(fixture.hub.counts.retainedBytes, 0);
  });

  it("never exceeds the bound by more than a turn", async () => {
    const bufferedBytes = 200_000;
    const fixture = new HubFixture({}, { bufferedBytes });
    const fast = fixture.open("/").flow();
    let text = "";
    for (let i = 0; i < 300; i++) {
      fixture.open(`/${i % 5}`, `/${i % 3}/x`);
      const frame = fixture.broadcast(`/${i % 7}`, "x".repeat(i * 97 % 9_000));
      text += frame;
      await turns();
      assertLessOrEqual(fixture.hub.counts.retainedBytes, bufferedBytes);
    }
    assertGreater(fixture.ended.size, 50);
    await fast.hears(text);
  });

  it("counts once, however many channels share it", async () => {
    const fixture = new HubFixture();
    for (let i = 0; i < 20; i++) await fixture.join("/global", `/users/${i}`);
    // As many as make small ones be merged, which these must not be.
    for (let i = 0; i < 150; i++) {
      fixture.broadcast("/global", "x".repeat(1_000));
      await turns();
    }
    assertGreater(fixture.hub.counts.retainedBytes, 150_000);
    assertLessOrEqual(fixture.hub.counts.retainedBytes, 700_000);
  });

  it("is let go of once the slowest has taken it", async () => {
    const fixture = new HubFixture();
    const taps = [await fixture.join("/a"), await fixture.join("/a")];
    const size = fixture.broadcast("/a", "x".repeat(50_000)).length;
    await turns(2);
    const retained = fixture.hub.counts.retainedBytes;
    assertGreater(retained, size - 1);
    await taps[0]!.read();
    assertEquals(fixture.hub.counts.retainedBytes, retained);
    const waits = taps[1]!.read();
    await turns(2);
    await waits;
    assertEquals(fixture.hub.counts.retainedBytes, 0);
  });

  it("is merged where it is small, and stays what it was for everyone", async () => {
    const fixture = new HubFixture();
    const first = await fixture.join("/a");
    // Shares what comes through /a; the rest is its own.
    const second = await fixture.join("/a", "/b");
    const frames: { namespace: string; frame: string }[] = [];
    const late: { tap: typeof first; from: number }[] = [];
    for (let i = 0; i < 400; i++) {
      const namespace = i > 200 && i % 5 === 0 ? "/b" : "/a";
      const frame = fixture.broadcast(namespace, `${i}`.padEnd(i % 90));
      frames.push({ namespace, frame });
      if (i % 70 === 30) {
        late.push({ tap: await fixture.join("/a"), from: i + 1 });
      }
      if (i % 10 === 9 && i < 100) await first.read();
      await turns();
    }
    const heard = (from: number, own?: string) =>
      frames.slice(from).filter(({ namespace }) => !own || namespace === own)
        .map(({ frame }) => frame).join("");
    const all = [first, second, ...late.map(({ tap }) => tap)];
    for (const tap of all) tap.flow();
    await first.hears(heard(0, "/a"));
    await second.hears(heard(0));
    for (const { tap, from } of late) await tap.hears(heard(from, "/a"));
    assertEquals(fixture.hub.counts.retainedBytes, 0);
  });

  it("is counted for one in the middle when those further behind have gone", async () => {
    const fixture = new HubFixture();
    const furthest = await fixture.join("/a");
    const trickle = async (count: number) => {
      for (let i = 0; i < count; i++) {
        fixture.broadcast("/a", "x".repeat(100));
        await turns();
      }
    };
    await trickle(30);
    const between = await fixture.join("/a");
    await trickle(100);
    await furthest.leave();
    assertEquals(between.reader.lag, 100 * "data:\n\n".length + 10_000);
    assertGreater(fixture.hub.counts.retainedBytes, between.reader.lag);
  });

  it("is read in few pieces after it was merged", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    let text = "";
    for (let i = 0; i < 400; i++) {
      text += fixture.broadcast("/a", `${i}`);
      await turns();
    }
    await tap.readBytes(text.length);
    assertEquals(tap.heard, text);
    assert(tap.chunks.length < 80, `${tap.chunks.length} pieces`);
  });
});
