import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClock } from "@sseserver/sseserver/testing";

describe("a clock that is advanced", () => {
  it("fires timers in the order of their times, each at its own", async () => {
    const clock = new TestClock(1_000);
    const fired: string[] = [];
    const set = (name: string, delay: number) =>
      clock.setTimeout(() => fired.push(`${name} ${clock.now()}`), delay);
    set("c", 30);
    set("a", 10);
    set("b", 10);
    set("late", 41);
    clock.clearTimeout(set("cleared", 20));
    assertEquals(clock.timers, 4);
    await clock.advance(40);
    assertEquals(fired, ["a 1010", "b 1010", "c 1030"]);
    assertEquals([clock.now(), clock.timers], [1_040, 1]);
    await clock.advance(1);
    assertEquals(fired.at(-1), "late 1041");
  });

  it("fires what timers set, and has a turn after each", async () => {
    const clock = new TestClock(0);
    const seen: string[] = [];
    const tick = () => {
      seen.push(`tick ${clock.now()}`);
      // As what reads a stream does: some microtasks later.
      void Promise.resolve().then(() => seen.push(`read ${clock.now()}`));
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    await clock.advance(25);
    assertEquals(seen, ["tick 10", "read 10", "tick 20", "read 20"]);
    assertEquals([clock.now(), clock.timers], [25, 1]);
  });

  it("gives the event loop a turn also when no timer fires", async () => {
    const clock = new TestClock();
    let turned = false;
    const turn = new Promise<void>((resolve) => setTimeout(resolve, 0))
      .then(() => turned = true);
    for (let i = 0; i < 10_000 && !turned; i++) await clock.advance(0);
    assertEquals(turned, true);
    await turn;
  });

  it("fires timers that are only about to be set", async () => {
    const clock = new TestClock(0);
    let fired = 0;
    void (async () => {
      for (let i = 0; i < 10; i++) await undefined;
      clock.setTimeout(() => fired = clock.now(), 5);
    })();
    await clock.advance(10);
    assertEquals(fired, 5);
  });

  it("never goes back, though a timer makes it jump", async () => {
    const clock = new TestClock(0);
    clock.setTimeout(() => clock.jump(100), 5);
    await clock.advance(10);
    assertEquals(clock.now(), 105);
  });

  it("rejects with what a timer throws, and goes on afterwards", async () => {
    const clock = new TestClock(0);
    clock.setTimeout(() => {
      throw new Error("broken");
    }, 5);
    clock.setTimeout(() => {}, 6);
    await assertRejects(() => clock.advance(10), Error, "broken");
    assertEquals([clock.now(), clock.timers], [5, 1]);
    await clock.advance(5);
    assertEquals([clock.now(), clock.timers], [10, 0]);
  });

  it("says so when it is advanced twice at a time", async () => {
    const clock = new TestClock(0);
    const first = clock.advance(10);
    await assertRejects(() => clock.advance(10), Error, "advancing already");
    await first;
    await clock.advance(10);
    assertEquals(clock.now(), 20);
  });

  it("ends when timers set each other without end", async () => {
    const clock = new TestClock(0);
    const again = () => void clock.setTimeout(again, 0);
    again();
    await assertRejects(() => clock.advance(1), Error, "100000 timers");
  });
});

describe("a clock that jumps", () => {
  it("fires what came due late and once", () => {
    const clock = new TestClock(0);
    const fired: string[] = [];
    const again = () => {
      fired.push(`again ${clock.now()}`);
      clock.setTimeout(again, 10);
    };
    clock.setTimeout(again, 10);
    const other = clock.setTimeout(() => fired.push("never"), 20);
    clock.setTimeout(() => clock.clearTimeout(other), 5);
    clock.jump(100);
    assertEquals(fired, ["again 100"]);
    assertEquals([clock.now(), clock.timers], [100, 1]);
  });
});

describe("a clock", () => {
  it("starts in 2026, or where it is told to", () => {
    assertEquals(new TestClock().now(), Date.UTC(2026, 0, 1));
    assertEquals(new TestClock(-5).now(), -5);
  });

  it("has a timer that is overdue fire at the next move", async () => {
    const clock = new TestClock(0);
    const fired: number[] = [];
    clock.setTimeout(() => fired.push(clock.now()), -100);
    await clock.advance(0);
    assertEquals(fired, [0]);
  });

  it("names what is not as it should be", async () => {
    const clock = new TestClock();
    for (const bad of [-1, NaN, Infinity, "10" as unknown as number]) {
      const message = `'milliseconds' must be finite and not below 0: ` +
        `current value is ${typeof bad === "number" ? bad : '"10"'}`;
      await assertRejects(() => clock.advance(bad), RangeError, message);
      assertThrows(() => clock.jump(bad), RangeError, message);
    }
    for (const bad of [NaN, Infinity, undefined as unknown as number]) {
      assertThrows(
        () => clock.setTimeout(() => {}, bad),
        RangeError,
        "'delay'",
      );
    }
    assertThrows(() => new TestClock(NaN), RangeError, "'now'");
    assertEquals([clock.now(), clock.timers], [Date.UTC(2026, 0, 1), 0]);
  });
});
