import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClient } from "@sseserver/sseserver/testing";
import fc from "fast-check";
import { parse } from "../tools/parsed.ts";

const encoder = new TextEncoder();

/** What a client makes of chunks, once the stream has ended. */
async function read(
  chunks: readonly Uint8Array[],
  lastEventId = "",
): Promise<TestClient> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const response = new Response(body, {
    headers: { "Content-Type": "text/event-stream" },
  });
  const client = await TestClient.open(() => response, "/", { lastEventId });
  assertEquals(await client.ended(), "server");
  return client;
}

/** The same of one text. */
function readText(text: string, lastEventId?: string): Promise<TestClient> {
  return read([encoder.encode(text)], lastEventId);
}

/** Name, data and id of each event. */
function eventsOf({ events }: TestClient): string[] {
  return events.map(({ event, data, id }) => [event, data, id].join("|"));
}

describe("the parser of the test kit", () => {
  it("reads the examples of the standard", async () => {
    // WHATWG HTML 9.2.6.
    const stocks = await readText("data: YHOO\ndata: +2\ndata: 10\n\n");
    assertEquals(eventsOf(stocks), ["message|YHOO\n+2\n10|"]);
    const four = await readText(
      ": test stream\n\ndata: first event\nid: 1\n\n" +
        "data:second event\nid\n\ndata:  third event\n\n",
    );
    assertEquals(four.comments, ["test stream"]);
    assertEquals(eventsOf(four), [
      "message|first event|1",
      "message|second event|",
      "message| third event|",
    ]);
    const empty = await readText("data\n\ndata\ndata\n\ndata:");
    assertEquals(eventsOf(empty), ["message||", "message|\n|"]);
    const same = await readText("data:test\n\ndata: test\n\n");
    assertEquals(eventsOf(same), ["message|test|", "message|test|"]);
  });

  it("ends lines by CR, LF and CRLF, also where a chunk does", async () => {
    const text = "data:a\r\ndata:b\rdata:c\n\r\nevent:e\r\rdata:d\r\r";
    const expected = ["message|a\nb\nc|", "message|d|"];
    assertEquals(eventsOf(await readText(text)), expected);
    const bytes = [...encoder.encode(text)].map((byte) => Uint8Array.of(byte));
    assertEquals(eventsOf(await read(bytes)), expected);
  });

  it("does not wait for what may follow a CR", async () => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const headers = { "Content-Type": "text/event-stream" };
    await using client = await TestClient.of(
      new Response(readable, { headers }),
    );
    const writer = writable.getWriter();
    void writer.write(encoder.encode("data:a\r\r"));
    assertEquals((await client.next()).data, "a");
    void writer.write(encoder.encode("\ndata:b\r\n\r\n"));
    assertEquals((await client.next()).data, "b");
    assertEquals(client.events.length, 2);
  });

  it("takes a BOM away at the very start, and only there", async () => {
    const client = await readText(
      "\ufeffdata:\ufeffa\n\n\ufeffdata:b\n\ndata:c\n\n",
    );
    assertEquals(eventsOf(client), ["message|\ufeffa|", "message|c|"]);
    const twice = await readText("\ufeff\ufeffdata:a\n\ndata:b\n\n");
    assertEquals(eventsOf(twice), ["message|b|"]);
    const split = [..."\ufeffdata:a\n\n"].flatMap((unit) => [
      ...encoder.encode(unit),
    ]).map((byte) => Uint8Array.of(byte));
    assertEquals(eventsOf(await read(split)), ["message|a|"]);
  });

  it("takes only digits for the time to come back", async () => {
    const retryOf = async (text: string) => (await readText(text)).retry;
    assertEquals(await retryOf("retry:0150\n"), 150);
    assertEquals(await retryOf("retry: 150\n"), 150);
    assertEquals(await retryOf("retry:1\nretry:2\nretry:x\n"), 2);
    for (const bad of ["", "  1", "1 ", "-1", "+1", "1.5", "1e3", "١", "x"]) {
      assertEquals(await retryOf(`retry:${bad}\n\n`), undefined, bad);
    }
  });

  it("knows the last id once an empty line has come, with an event or without", async () => {
    const idAfter = async (text: string) =>
      (await readText(text, "old")).lastEventId;
    assertEquals(await idAfter(""), "old");
    // Every browser does, though the standard has each connection begin with none.
    assertEquals(await idAfter(":ok\n\n"), "old");
    assertEquals(await idAfter("id:1\n\n"), "1");
    assertEquals(await idAfter("id:1\n"), "old");
    assertEquals(await idAfter("id:1\n\nid:2\ndata:x\n"), "1");
    assertEquals(await idAfter("id:1\n\nid\n\n"), "");
    assertEquals(await idAfter("id:1\n\nid:a\0b\n\n"), "1");
    const client = await readText(
      "id:1\ndata:a\n\ndata:b\n\nid:2\n\ndata:c\n\n",
    );
    assertEquals(eventsOf(client), [
      "message|a|1",
      "message|b|1",
      "message|c|2",
    ]);
  });

  it("ignores other fields, and forgets the name of an event without data", async () => {
    const client = await readText(
      "event:a\n\nDATA:x\n data:y\ndata :z\nother:1\nother\ndata:b\n\n",
    );
    assertEquals(eventsOf(client), ["message|b|"]);
    const named = await readText("event:a\nevent:b\ndata:x\n\n");
    assertEquals(eventsOf(named), ["b|x|"]);
    const unnamed = await readText("event:a\nevent\ndata:x\n\n");
    assertEquals(eventsOf(unnamed), ["message|x|"]);
  });
});

const end = fc.constantFrom("\n", "\r", "\r\n");
const value = fc.array(
  fc.constantFrom(..." :0123x\0\ufeffé\ud83d\ude00\u2028"),
  { maxLength: 4 },
).map((units) => units.join(""));
const line = fc.oneof(
  { arbitrary: fc.constant(""), weight: 4 },
  {
    arbitrary: fc.tuple(
      fc.constantFrom("data", "data", "event", "id", "retry", "", "other"),
      fc.constantFrom(":", ": ", ""),
      value,
    ).map((parts) => parts.join("")),
    weight: 8,
  },
  { arbitrary: value, weight: 1 },
);

/** Streams that have events, some with bytes in them that mean nothing. */
const bytes: fc.Arbitrary<Uint8Array> = fc.array(
  fc.oneof(
    {
      arbitrary: fc.tuple(line, end).map((parts) =>
        encoder.encode(parts.join(""))
      ),
      weight: 20,
    },
    { arbitrary: fc.uint8Array({ maxLength: 4 }), weight: 1 },
  ),
  { maxLength: 40, size: "max" },
).map((pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece])))
  // The other parser takes this for a BOM that was decoded as Latin-1.
  .filter((bytes) => !new TextDecoder().decode(bytes).startsWith("ï"));

describe("any stream", () => {
  it("is read as eventsource-parser does, however the bytes are split", async () => {
    let events = 0;
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.array(fc.nat(), { maxLength: 20 }),
        async (bytes, cuts) => {
          const other = parse(bytes, [...bytes.keys()]);
          const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1))]
            .sort((a, b) => a - b);
          const client = await read(
            edges.map((edge, i) => bytes.subarray(edge, edges[i + 1])),
          );
          events += client.events.length;
          assertEquals(
            client.events.map(({ event, data }) => ({ event, data })),
            // It leaves the name out where there was none.
            other.events.map(({ event = "message", data }) => ({
              event,
              data,
            })),
          );
          assertEquals(client.comments, other.comments);
          assertEquals(client.retry, other.retries.at(-1));
          // It tells of ids at every empty line before which there was one.
          assertEquals(client.lastEventId, other.ids.at(-1) ?? "");
          assertEquals(
            client.text,
            new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
          );
        },
      ),
      { numRuns: 300 },
    );
    // Streams without any event would show nothing.
    assertEquals(events > 100, true, `${events} events`);
  });
});
