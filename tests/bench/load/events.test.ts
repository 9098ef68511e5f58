import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EventChecker } from "./events.ts";
import { Latencies } from "./latencies.ts";
import { feed } from "./pieces.ts";

const NOW = 123_456_789_012;

/** What a checker finds in a body, cut into pieces of the given sizes, in turn. */
function check(body: string, ...sizes: number[]): Record<string, number> {
  const latencies = new Latencies(1);
  latencies.now[0] = NOW;
  const checker = new EventChecker(latencies);
  feed(body, sizes, (bytes, start, end) => checker.feed(bytes, start, end));
  const { events, lost, repeated } = checker;
  return { events, lost, repeated, max: latencies.summary().max };
}

function event(seq: number, latency = 0): string {
  return `data:${String(seq).padStart(8, "0")} ${NOW - latency}\n\n`;
}

describe("the checker of events of the load client", () => {
  it("finds the same wherever a stream is cut", () => {
    const body = ":ok\nretry:1\n\nevent:sse-open\ndata:{}\n\n" +
      event(7, 30) + event(8, 40) +
      `id:e-1\r\nevent:x\r\ndata: 9 ${NOW - 77_000_000} more 1 2\r\n\r\n` +
      `:comment\n\ndata:12 ${NOW}\ndata:99 1\rid\r\r` + event(12) +
      "data:13\n\ndata:x 1\n\ndata:14 \n\ndata: \n\ndata\n\ndatum:1 2\n\n" +
      "dat" + event(90) + event(13) + "data:14 1\n";
    const found = { events: 6, lost: 2, repeated: 1, max: 77_000_000 };
    assertEquals(check(body, body.length), found);
    for (let cut = 1; cut < body.length; cut++) {
      assertEquals(check(body, cut, body.length), found, `cut at ${cut}`);
    }
    for (const size of [1, 2, 3, 7, 28]) assertEquals(check(body, size), found);
  });

  it("finds what is lost, repeated and out of order", () => {
    const body = (...seqs: number[]) => seqs.map((seq) => event(seq)).join("");
    const found = (events: number, lost: number, repeated: number) => ({
      events,
      lost,
      repeated,
      max: 0,
    });
    assertEquals(check(body(5, 6, 7), 99), found(3, 0, 0));
    assertEquals(check(body(0, 1, 4, 5), 99), found(4, 2, 0));
    assertEquals(check(body(1, 2, 2, 3), 99), found(4, 0, 1));
    assertEquals(check(body(1, 2, 3, 2, 3, 4), 99), found(6, 0, 2));
    assertEquals(check(body(1, 3, 2, 4), 99), found(4, 1, 1));
    assertEquals(check(body(0, 99_999_999), 99), found(2, 99_999_998, 0));
  });

  it("takes numbers of any length", () => {
    for (const seq of [1, 1_234_567, 123_456_789_012_345]) {
      const body = `data:${seq} ${NOW}\n\ndata:${seq + 2} ${NOW}\n\n`;
      assertEquals(check(body, 99), {
        events: 2,
        lost: 1,
        repeated: 0,
        max: 0,
      });
    }
  });
});
