import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Buffer } from "node:buffer";
import { Checker } from "./checker.ts";
import { EventBlocks } from "./event_blocks.ts";
import { PLACES } from "./namespaces.ts";
import { ResponseBody } from "./response.ts";
import { messageOf, planned } from "./schedule.ts";
import { Truth } from "./truth.ts";
import { viewOf } from "./view.ts";

const SEED = 7;
const LIMIT = 20_000;
const BUSY = placesBelow("/busy");

/** A client of some namespaces, fed by hand. */
class Fed {
  readonly failures: string[] = [];
  readonly checker: Checker;
  /** What it has to hear, by the plain definition. */
  readonly due: readonly number[];
  #blocks = new EventBlocks(() => {});

  constructor(...namespaces: string[]) {
    this.checker = new Checker(
      viewOf(namespaces),
      { truth: new Truth(SEED), epoch: "e", limit: LIMIT },
      (why) => this.failures.push(why),
    );
    const places = new Set(namespaces.flatMap(placesBelow));
    this.due = seqs(1, LIMIT).filter((seq) =>
      places.has(planned(SEED, seq).place)
    );
    this.connect();
  }

  connect(present = 0): void {
    this.checker.connect(present);
    this.#blocks = new EventBlocks((block) => this.checker.take(block));
    this.feed(":ok\nretry:100\n\n");
  }

  /** A connection that begins with `sse-open`. */
  open(seq: number, resumed = false): void {
    this.feed(notice("open", seq, { resumed }));
  }

  feed(text: string): void {
    this.#blocks.feed(Buffer.from(text));
  }

  events(...seqs: number[]): void {
    for (const seq of seqs) this.feed(wire(seq));
  }
}

function wire(seq: number): string {
  const { event, data } = messageOf(SEED, seq);
  const text = typeof data === "string" ? data : new TextDecoder().decode(data);
  return `id:e-${seq}\n${event === "" ? "" : `event:${event}\n`}` +
    `data:${text.replaceAll("\n", "\ndata:")}\n\n`;
}

function notice(name: string, seq: number, data: unknown): string {
  return `id:e-${seq}\nevent:sse-${name}\ndata:${JSON.stringify(data)}\n\n`;
}

function gap(from: number, to: number, reason = "trimmed"): string {
  return notice("gap", from, { from: `e-${from}`, to: `e-${to}`, reason });
}

function keepAlive(seq: number): string {
  return `id:e-${seq}\n\n`;
}

function seqs(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function placesBelow(namespace: string): number[] {
  return [...PLACES.keys()].filter((place) => {
    const one = PLACES[place]!.namespace;
    return namespace === "/" || one === namespace ||
      one.startsWith(`${namespace}/`);
  });
}

describe("the checker of the stress program", () => {
  for (
    const namespaces of [
      ["/"],
      ["/busy"],
      ["/market"],
      ["/users/3", "/market/us", "/busy", "/market"],
      ["/quiet/1", "/rooms"],
    ]
  ) {
    it(`is content with all there is of ${namespaces.join(" and ")}`, () => {
      const client = new Fed(...namespaces);
      client.open(0);
      client.events(...client.due);
      client.feed(keepAlive(LIMIT));
      assertEquals(client.failures, []);
      assertEquals(client.checker.cursor, LIMIT);
      assertEquals(client.checker.tally.deliveries, client.due.length);
    });
  }

  it("is content with a stream that begins late and goes on where it was cut", () => {
    const client = new Fed("/market");
    const [a, b, c, d] = client.due.slice(100) as [
      number,
      number,
      number,
      number,
    ];
    client.open(a - 1);
    client.events(a, b);
    // Cut within an event, which therefore has to come again.
    client.feed(wire(c).slice(0, -1));
    client.connect();
    client.open(b, true);
    client.events(c, d);
    client.checker.settle(d, "The end");
    assertEquals(client.failures, []);
    assertEquals(client.checker.tally.resumed, 1);
  });

  it("finds an event that is lost, by the next one of the namespace", () => {
    const client = new Fed("/busy", "/users/3");
    client.open(0);
    const [first, second, ...others] = client.due.slice(0, 6);
    client.events(first!, ...others);
    assertEquals(client.failures.length, 1);
    assertEquals(client.checker.tally.lost, 1);
    assertEquals(client.failures[0]!.includes("leaves out 1 of /busy"), true);
    // And not when it comes too late.
    client.events(second!);
    assertEquals(client.checker.tally.repeated, 1);
  });

  it("finds an event that is lost, by a keepalive and by the end", () => {
    for (const end of ["keepalive", "settle"]) {
      const client = new Fed("/users/3");
      client.open(0);
      client.events(...client.due.slice(0, -1));
      assertEquals(client.failures, []);
      if (end === "settle") client.checker.settle(LIMIT, "The end");
      else client.feed(keepAlive(LIMIT));
      assertEquals(client.checker.tally.lost, 1);
      assertEquals(client.failures.length, 1);
    }
  });

  it("finds an event that is lost between two connections", () => {
    const client = new Fed("/busy");
    client.open(0);
    client.events(...client.due.slice(0, 5));
    client.connect();
    client.open(client.due[4]!, true);
    client.events(...client.due.slice(6, 9));
    assertEquals(client.checker.tally.lost, 1);
  });

  it("finds a repeated event, on a connection and from one to the next", () => {
    const client = new Fed("/busy");
    client.open(0);
    client.events(...client.due.slice(0, 5), client.due[4]!);
    assertEquals(client.checker.tally.repeated, 1);
    client.connect();
    client.open(client.due[4]!, true);
    client.events(client.due[4]!, client.due[5]!);
    assertEquals(client.checker.tally.repeated, 2);
    assertEquals(client.failures.length, 2);
  });

  it("finds two events that have changed places", () => {
    const client = new Fed("/busy", "/users/3");
    client.open(0);
    const [a, b, c] = client.due as [number, number, number];
    client.events(b, a, c);
    assertEquals(client.failures.length, 2);
    const { lost, repeated } = client.checker.tally;
    assertEquals({ lost, repeated }, { lost: 1, repeated: 1 });
  });

  it("lets events be missing within a gap, and come within it", () => {
    const client = new Fed("/market", "/users/3");
    client.open(0);
    const { due } = client;
    client.events(...due.slice(0, 10));
    client.connect();
    client.feed(gap(due[9]!, due[20]!));
    client.open(due[9]!);
    client.events(due[15]!, due[18]!, ...due.slice(21));
    client.checker.settle(LIMIT, "The end");
    assertEquals(client.failures, []);
    assertEquals(client.checker.tally.bracketed, 9);
    assertEquals(client.checker.tally.gaps, { trimmed: 1 });
  });

  it("finds what is missing before, after and in spite of a gap", () => {
    const { due } = new Fed("/busy");
    const after = new Fed("/busy");
    after.open(0);
    after.events(...due.slice(0, 10));
    after.connect();
    after.feed(gap(due[9]!, due[20]!));
    after.open(due[9]!);
    after.events(...due.slice(22, 30));
    assertEquals(after.checker.tally.lost, 1);

    const before = new Fed("/busy");
    before.open(0);
    before.events(...due.slice(0, 10));
    before.connect();
    before.feed(gap(due[11]!, due[20]!));
    assertEquals(before.checker.tally.lost, 2);

    const again = new Fed("/busy");
    again.open(0);
    again.events(...due.slice(0, 10));
    again.connect();
    again.feed(gap(due[9]!, due[20]!));
    again.open(due[9]!);
    again.events(due[25]!, due[15]!);
    assertEquals(again.checker.tally.lost, 4);
    assertEquals(again.checker.tally.repeated, 1);
  });

  it("finds a gap that has no reason", () => {
    const quiet = new Fed("/quiet/1");
    quiet.open(0);
    quiet.connect();
    quiet.feed(gap(0, 2));
    assertEquals(quiet.failures.map((why) => why.slice(0, 34)), [
      "A gap in which there was no event:",
    ]);
    const fresh = new Fed("/busy");
    fresh.open(0);
    fresh.feed(gap(0, 1_000));
    assertEquals(fresh.failures.length, 1);
    const anew = new Fed("/busy");
    anew.open(0);
    anew.connect();
    anew.feed(gap(0, 1_000, "epoch"));
    assertEquals(anew.failures.length, 1);
  });

  it("finds sse-open missing, twice, in another place or with another word", () => {
    const none = new Fed("/busy");
    none.events(BUSY_FIRST);
    assertEquals(none.failures.length > 0, true);
    const twice = new Fed("/busy");
    twice.open(0);
    twice.open(0);
    assertEquals(twice.failures[0], "A second sse-open");
    const past = new Fed("/busy");
    past.connect(100);
    past.open(99);
    assertEquals(past.failures, ["A new stream begins at 99, before 100"]);
    for (const [seq, resumed] of [[0, false], [1, true]] as const) {
      const back = new Fed("/quiet/1");
      back.open(0);
      back.connect();
      back.open(seq, resumed);
      assertEquals(back.failures.length, 1);
    }
  });

  it("finds events that nobody asked for, published or wrote so", () => {
    const other = new Fed("/users/3");
    other.open(0);
    other.events(BUSY_FIRST);
    assertEquals(other.failures, [
      `Event ${BUSY_FIRST} of /busy was not asked for`,
    ]);
    for (
      const [was, is] of [
        [/^id:e-\d+/, `id:e-${LIMIT + 1}`],
        [/^id:e-/, "id:f-"],
        [/data:\d+/, "data:1"],
        [/..\n\n$/, "\n\n"],
        [/..\n\n$/, "  \n\n"],
        [/data:/, "event:x\ndata:"],
        [/^id:.*\n/, ""],
      ] as const
    ) {
      const client = new Fed("/busy");
      client.open(0);
      const { due } = client;
      const seq = due.find((seq) => {
        const { size, broken, name } = planned(SEED, seq);
        return seq > 1 && size > 10 && !broken && name === "";
      })!;
      client.events(...due.slice(0, due.indexOf(seq)));
      assertEquals(client.failures, []);
      client.feed(wire(seq).replace(was, is));
      assertEquals(client.failures.length, 1, `${was}`);
    }
  });
});

const BUSY_FIRST = seqs(1, LIMIT).find((seq) =>
  BUSY.includes(planned(SEED, seq).place)
)!;

describe("what reads the streams of the stress program", () => {
  it("reads the same wherever the bytes are split", () => {
    const body = ":ok\nretry:1\n\n" + notice("open", 0, { resumed: false }) +
      seqs(1, 12).map(wire).join("") + keepAlive(12);
    const bytes = Buffer.from(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
        [body.slice(0, 30), body.slice(30)].map((chunk) =>
          `${chunk.length.toString(16)}\r\n${chunk}\r\n`
        ).join("") + "0\r\n\r\n",
    );
    for (const size of [1, 2, 3, 7, 50, 1_000, bytes.length]) {
      const failures: string[] = [];
      const checker = new Checker(
        viewOf(["/"]),
        { truth: new Truth(SEED), epoch: "e", limit: 12 },
        (why) => failures.push(why),
      );
      checker.connect(0);
      const blocks = new EventBlocks((block) => checker.take(block));
      const response = new ResponseBody((chunk) => blocks.feed(chunk));
      for (let at = 0; at < bytes.length; at += size) {
        response.feed(bytes.subarray(at, at + size));
      }
      assertEquals(failures, []);
      assertEquals(
        [checker.tally.deliveries, checker.cursor, response.complete],
        [12, 12, true],
      );
    }
  });

  it("counts events by place as one would by hand", () => {
    const truth = new Truth(SEED);
    for (const [place, { namespace, depth }] of PLACES.entries()) {
      if (place % 9 !== 0) continue;
      const below = new Set(placesBelow(namespace));
      let count = 0;
      for (const seq of seqs(1, 3_000)) {
        if (below.has(planned(SEED, seq).place)) {
          count++;
          assertEquals(truth.rank(seq, depth), count);
        }
        if (seq % 500 === 0 || seq === 1_024 || seq === 1_025) {
          assertEquals(truth.count(place, seq), count);
        }
      }
      assertEquals(truth.count(place, 0), 0);
    }
  });
});
