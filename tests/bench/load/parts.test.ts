import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ChunkedBody } from "./chunks.ts";
import { ResponseHead } from "./head.ts";
import { Histogram } from "./histogram.ts";
import { Latencies } from "./latencies.ts";
import { feed } from "./pieces.ts";
import { isAmong, readPlan } from "./plan.ts";
import { endOf, peersOf } from "./socket_table.ts";

describe("what decodes responses for the load client", () => {
  it("takes the frames off chunks wherever they are cut", () => {
    const body = 'a\r\n0123456789\r\n1;x="y"\r\n\n\r\n1F\r\n' +
      "x".repeat(31) + "\r\n0\r\nX: y\r\n\r\n";
    for (let cut = 1; cut < body.length; cut++) {
      for (const sizes of [[cut, body.length], [cut]]) {
        let text = "";
        const chunks = new ChunkedBody({
          feed(bytes, start, end) {
            text += new TextDecoder().decode(bytes.subarray(start, end));
          },
        });
        feed(body.slice(0, -1), sizes, (...range) => chunks.feed(...range));
        assertEquals(chunks.isComplete, false);
        feed("\n", [1], (...range) => chunks.feed(...range));
        assertEquals(chunks.isComplete, true);
        assertEquals(text, "0123456789\n" + "x".repeat(31));
      }
    }
    assertThrows(
      () => new ChunkedBody({ feed() {} }).feed(new Uint8Array([71]), 0, 1),
      SyntaxError,
      "A chunk's size has no digit: current value is 71",
    );
  });

  it("finds the body after a head wherever it is cut", () => {
    const start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const response = new TextEncoder().encode(start + "5\r\n");
    for (let cut = 0; cut < start.length; cut++) {
      const head = new ResponseHead();
      assertEquals(head.feed(response, cut), -1);
      const rest = response.subarray(cut);
      assertEquals(head.feed(rest, rest.length), start.length - cut);
      assertEquals([head.status, head.chunked], [200, true]);
    }
    const other = new ResponseHead();
    const bytes = new TextEncoder().encode("HTTP/1.0 404 No\r\nX: y\r\n\r\n");
    assertEquals(other.feed(bytes, bytes.length), bytes.length);
    assertEquals([other.status, other.chunked], [404, false]);
    assertThrows(
      () => new ResponseHead().feed(new Uint8Array(16 * 1024), 16 * 1024),
      SyntaxError,
      "A response head has no end",
    );
  });
});

describe("the histogram of the load client", () => {
  it("knows small values exactly, and others to within 1.6 %", () => {
    for (
      const value of [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 2 ** 31 - 1]
    ) {
      const histogram = new Histogram();
      histogram.add(value);
      const found = histogram.quantile(0.5);
      assertEquals(histogram.max, value);
      assertEquals(found <= value && value - found <= value / 64, true);
      if (value < 128) assertEquals(found, value);
    }
  });

  it("finds the value that a share of all do not exceed", () => {
    const histogram = new Histogram();
    assertEquals(histogram.quantile(0.99), 0);
    for (let value = 1; value <= 100; value++) histogram.add(value);
    const shares = [0, 0.01, 0.5, 0.9, 0.99, 1];
    assertEquals(shares.map((share) => histogram.quantile(share)), [
      1,
      1,
      50,
      90,
      99,
      100,
    ]);
    histogram.add(2 ** 40);
    assertEquals(histogram.max, 2 ** 31 - 1);
    histogram.clear();
    assertEquals([histogram.max, histogram.quantile(1)], [0, 0]);
  });

  it("counts latencies from the beginning on, by tenths of a second, across the modulus", () => {
    const latencies = new Latencies(0.3);
    latencies.record(0);
    latencies.now[0] = 1e12 - 50_000;
    latencies.begin();
    latencies.record(1e12 - 50_100);
    latencies.now[0] = 60_000;
    latencies.turn();
    latencies.record(1e12 - 1);
    latencies.record(60_005);
    assertEquals(latencies.summary().max, 60_001);
    assertEquals(latencies.windows(0.21), [
      { at: 0, events: 1, max: 100 },
      { at: 100, events: 2, max: 60_001 },
      { at: 200, events: 0, max: 0 },
    ]);
  });
});

describe("the table of sockets that the load client reads", () => {
  it("tells whose connections the server has not ended", () => {
    const table = `\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000
   1: 0100007F:1F90 0100007F:D431 01 0027C3DB:00000000 01:00000013 00000000
   2: 0100007F:1F90 0200007F:D431 08 00000000:00000000 00:00000000 00000000
   3: 0100007F:1F90 0100007F:D432 04 0027C3DB:00000000 01:00000013 00000000
   4: 0100007F:1F91 0100007F:D433 01 00000000:00000000 00:00000000 00000000
   5: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000
  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:D434 01 0
`;
    assertEquals(
      peersOf(table, 8_080),
      new Set([
        endOf(0x7f000001, 0xd431),
        endOf(0x7f000002, 0xd431),
        endOf(0x7f000001, 0xd434),
      ]),
    );
  });
});

describe("the plan of the load client", () => {
  it("spreads some of many evenly", () => {
    const chosen = (count: number, of: number) =>
      [...Array(of).keys()].filter((index) => isAmong(index, count, of));
    assertEquals(chosen(0, 5), []);
    assertEquals(chosen(2, 10), [4, 9]);
    assertEquals(chosen(5, 5), [0, 1, 2, 3, 4]);
    assertEquals(chosen(100, 19_000).length, 100);
  });

  it("is refused if it cannot be carried out", () => {
    const plan = {
      port: 1,
      streams: 10,
      path: "/",
      checked: 8,
      stalled: 2,
      warmUp: 0,
      seconds: 1.5,
    };
    assertEquals(readPlan(JSON.stringify(plan)), plan);
    for (
      const [wrong, why] of [
        [{ port: 0 }, "'port' must be from 1 to 65535: current value is 0"],
        [{ checked: 9 }, "'checked' must be from 0 to 8: current value is 9"],
        [
          { streams: 1.5 },
          "'streams' must be an integer: current value is 1.5",
        ],
        [
          { seconds: -1 },
          "'seconds' must be from 0 to 900: current value is -1",
        ],
        [{ warmUp: "x" }, "'warmUp' must be from 0 to 900: current value is x"],
        [
          { path: "x" },
          'A plan needs a path from the root: current value is "x"',
        ],
      ] as const
    ) {
      assertThrows(
        () => readPlan(JSON.stringify({ ...plan, ...wrong })),
        Error,
        why,
      );
    }
  });
});
