import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Deadlines } from "../src/deadlines.ts";
import { Drain } from "../src/drain.ts";
import type { HostSocket } from "../src/host_info.ts";
import { Sockets, type SocketUser } from "../src/sockets.ts";
import { HubFixture, NOTHING } from "./tools/hub_fixture.ts";
import { turns } from "./tools/turns.ts";

const HISTORY = { messages: 1_000, bytes: 10_000_000, age: 3_600_000 };

describe("maxAge", () => {
  it("ends every stream in its last quarter, each at another time", async () => {
    const fixture = new HubFixture({ maxAge: 60_000, keepAlive: 0 });
    const { clock, ended } = fixture;
    const taps = Array.from({ length: 400 }, () => fixture.open("/a").flow());
    const begun = clock.now();
    const at: number[] = [];
    while (fixture.hub.size > 0) {
      await clock.advance(1_000);
      while (at.length < ended.size) at.push(clock.now() - begun);
    }
    await turns();
    assert(taps.every(({ end }) => end === "server"));
    assertEquals([...new Set(ended.values())], ["expired"]);
    assert(Math.min(...at) >= 45_000 && Math.max(...at) <= 61_000);
    // No second has more than a few times its share.
    const most = Math.max(
      ...at.map((time) => at.filter((other) => other === time).length),
    );
    assert(most < 100, `${most} of 400 in one second of 15`);
    assertEquals(fixture.hub.counts, NOTHING);
    assertEquals(clock.timers, 0);
  });

  it("has no say in streams that end before", async () => {
    const fixture = new HubFixture({ maxAge: 60_000 });
    await (await fixture.join("/a")).leave();
    assertEquals(fixture.hub.counts, NOTHING);
    assertEquals(fixture.clock.timers, 0);
  });
});

describe("draining", () => {
  it("ends streams one after the other, oldest first, with the time to come back", async () => {
    const fixture = new HubFixture({ retry: 1_000 });
    const { hub, clock } = fixture;
    const taps = Array.from({ length: 100 }, () => fixture.open("/a").flow());
    await turns();
    const drain = new Drain(hub, 10_000, clock);
    assertEquals(hub.size, 100);
    await clock.advance(5_000);
    assertEquals(hub.size, 50);
    assertEquals(
      taps.map(({ end }) => end),
      Array.from({ length: 100 }, (_, i) => i < 50 ? "server" : undefined),
    );
    fixture.broadcast("/a", "for those who are left");
    await clock.advance(5_000);
    await drain.finished;
    for (const [i, tap] of taps.entries()) {
      const told = i < 50 ? "" : "data:for those who are left\n\n";
      assert(tap.heard.startsWith(told + "retry:"), tap.heard);
    }
    assert(new Set(taps.map(({ heard }) => heard)).size > 20);
    assertEquals(hub.counts, NOTHING);
    assertEquals(clock.timers, 0);
  });

  it("takes its time for a single one too", async () => {
    const fixture = new HubFixture();
    const tap = fixture.open("/a").flow();
    await turns();
    const drain = new Drain(fixture.hub, 10_000, fixture.clock);
    await fixture.clock.advance(9_900);
    assertEquals(tap.end, undefined);
    await fixture.clock.advance(100);
    await drain.finished;
    assertEquals(tap.end, "server");
  });

  it("is not held up by a clock that is set back", async () => {
    const fixture = new HubFixture();
    const tap = fixture.open("/a").flow();
    await turns();
    let setBack = 0;
    const drain = new Drain(fixture.hub, 10_000, {
      now: () => fixture.clock.now() - setBack,
      setTimeout: (callback, delay) =>
        fixture.clock.setTimeout(callback, delay),
      clearTimeout: (timer) => fixture.clock.clearTimeout(timer),
    });
    await fixture.clock.advance(5_000);
    setBack = 3_600_000;
    await fixture.clock.advance(4_900);
    assertEquals(tap.end, undefined);
    await fixture.clock.advance(200);
    assertEquals(tap.end, "server");
    await drain.finished;
  });

  it("does not make a whole event of one that was sent in part", async () => {
    const fixture = new HubFixture({ retry: 1_000, history: HISTORY });
    fixture.broadcast("/a", "x".repeat(200_000));
    const resumer = fixture.resume({ lastEventId: "e-0" }, "/a");
    const live = fixture.open("/a");
    for (const tap of [resumer, live]) await tap.read();
    const frame = `id:e-2\n` + fixture.broadcast("/a", "y".repeat(6_000_000));
    await resumer.read();
    await live.read();
    const drain = new Drain(fixture.hub, 1, fixture.clock);
    await fixture.clock.advance(100);
    await drain.finished;
    for (const tap of [resumer, live]) await tap.readBytes(Infinity);
    assertEquals([resumer.end, live.end], ["server", "server"]);
    assertEquals(resumer.heard.length, 63 * 1024);
    assert(frame.startsWith(live.heard) && live.bytes < 200_000);
  });

  it("hands nothing to those who catch up, as they come back for it", async () => {
    const fixture = new HubFixture({ history: HISTORY });
    for (let i = 0; i < 100; i++) fixture.broadcast("/a", "x".repeat(30_000));
    const taps = Array.from(
      { length: 10 },
      () => fixture.resume({ lastEventId: "e-0" }, "/a"),
    );
    for (const tap of taps) await tap.read();
    fixture.hub.end();
    for (const tap of taps) await tap.readBytes(Infinity);
    assert(taps.every(({ bytes, end }) => bytes === 0 && end === "server"));
  });

  it("is over once everyone has left", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    const drain = new Drain(fixture.hub, 10_000, fixture.clock);
    await tap.leave();
    await fixture.clock.advance(50);
    await drain.finished;
    assertEquals(fixture.clock.timers, 0);
  });

  it("can be hurried", async () => {
    const fixture = new HubFixture();
    const tap = await fixture.join("/a");
    const drain = new Drain(fixture.hub, 10_000, fixture.clock);
    drain.hurry();
    await drain.finished;
    await tap.read();
    assertEquals(tap.end, "server");
    assertEquals(fixture.clock.timers, 0);
  });
});

describe("sockets", () => {
  /** A socket that is closed when a test says so. */
  class FakeSocket implements HostSocket {
    isOpen = true;
    cuts = 0;

    cut(): boolean {
      this.cuts++;
      return false;
    }

    isClosed(): boolean {
      return !this.isOpen;
    }
  }

  class FakeStream implements SocketUser {
    readonly connection: { readonly clientIP: string };
    readonly socket: HostSocket | undefined;
    fails = 0;

    constructor(clientIP: string, socket: HostSocket | undefined) {
      this.connection = { clientIP };
      this.socket = socket;
    }

    fail(): void {
      this.fails++;
    }
  }

  it("count until the host has closed them, whatever became of the stream", () => {
    let now = 0;
    const sockets = new Sockets({
      connections: 2,
      connectionsPerClient: undefined,
    }, () => now);
    const [left, stays] = [new FakeSocket(), new FakeSocket()];
    sockets.open("a");
    sockets.open("b");
    assertEquals(sockets.exceeded("c"), "connections");
    left.isOpen = false;
    sockets.end(new FakeStream("a", left), 100);
    const stream = new FakeStream("b", stays);
    sockets.end(stream, 100);
    assertEquals(sockets.count, 1);
    sockets.open("c");
    assertEquals(sockets.exceeded("d"), "connections");
    sockets.tend(99);
    assertEquals(stays.cuts, 0);
    // Its client does not read the little that is left.
    sockets.tend(100);
    sockets.tend(200);
    assertEquals([stays.cuts, stream.fails, sockets.count], [1, 1, 2]);
    assertEquals(sockets.exceeded("d"), "connections");
    stays.isOpen = false;
    // Noticed where that matters, but not looked for all the time.
    assertEquals(sockets.exceeded("d"), "connections");
    now += 100;
    assertEquals(sockets.exceeded("d"), undefined);
    assertEquals(sockets.count, 1);
  });

  it("of one client have a bound of their own, which unknown ones have not", () => {
    const sockets = new Sockets({
      connections: 100,
      connectionsPerClient: 2,
    }, () => 0);
    for (const address of ["a", "a", "", "", ""]) sockets.open(address);
    assertEquals(sockets.exceeded("a"), "connectionsPerClient");
    assertEquals(sockets.exceeded("b"), undefined);
    assertEquals(sockets.exceeded(""), undefined);
    sockets.end(new FakeStream("a", undefined), 0);
    assertEquals(sockets.exceeded("a"), undefined);
  });

  it("keep the hub's clock going until the last is closed", async () => {
    const fixture = new HubFixture();
    const socket = new FakeSocket();
    const tap = fixture.openAt(socket, "/a").flow();
    await turns();
    fixture.hub.disconnect(() => true);
    assertEquals(fixture.hub.counts, { ...NOTHING, sockets: 1 });
    assertEquals(tap.reader.closed, true);
    await fixture.clock.advance(31_000);
    assertEquals(socket.cuts, 1);
    socket.isOpen = false;
    await fixture.clock.advance(1_000);
    assertEquals(fixture.hub.counts, NOTHING);
    assertEquals(fixture.clock.timers, 0);
  });

  it("that are found closed when one more is asked for add no second clock", () => {
    const fixture = new HubFixture({}, { connections: 1 });
    for (let i = 0; i < 5; i++) {
      const socket = new FakeSocket();
      fixture.openAt(socket, "/a");
      fixture.hub.disconnect(() => true);
      assertEquals(fixture.hub.exceeded("b"), "connections");
      socket.isOpen = false;
      fixture.clock.jump(100);
      assertEquals(fixture.hub.exceeded("b"), undefined);
    }
    assertEquals(fixture.clock.timers, 1);
  });
});

describe("deadlines", () => {
  it("come due in time, and not when they were taken back", () => {
    const deadlines = new Deadlines<{ name: string }>();
    const [a, b, c] = ["a", "b", "c"].map((name) => ({ name }));
    deadlines.set(a!, 1_000);
    deadlines.set(b!, 1_000);
    deadlines.set(c!, 5_000);
    deadlines.set(c!, 2_000);
    assertEquals(deadlines.due(999), []);
    deadlines.delete(a!);
    assertEquals(deadlines.due(1_250), [b!]);
    assertEquals(deadlines.due(10_000), [c!]);
    assertEquals(deadlines.size, 0);
    deadlines.set(a!, 1);
    assertEquals(deadlines.due(10_000), [a!]);
  });
});
