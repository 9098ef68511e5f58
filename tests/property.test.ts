import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type SSEMessage, SSEServer } from "@sseserver/sseserver";
import fc from "fast-check";
import { HubModel, step } from "./tools/hub_model.ts";
import { parse, type Parsed } from "./tools/parsed.ts";
import { until } from "./tools/waiting.ts";

// What fast-check finds is reported with its seed and path; repeat it with
// fc.assert(property, { seed, path }).

const encoder = new TextEncoder();

/** Pieces of text that mean something to the format, or to a careless encoder. */
const PIECES = [
  ..."\r \n \r\n \0 \ufeff \u2028 \u2029 \u0085 \v \f \ud800 \udc00 \ud83d\ude00"
    .split(" "),
  " ",
  ":",
  "",
  "a",
  "é",
  "data:",
  "data: x\n\n",
  "event:forged\n",
  "id:forged\n",
  "\nid:1\r",
  "retry:1\n\n",
  ":ok\n\n",
];

const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 })
    .map((pieces) => pieces.join("")),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "binary-ascii" }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
);

/** Data and what a client is to get of it. */
interface Sent {
  readonly data: unknown;
  readonly heard: string;
}

const sent: fc.Arbitrary<Sent> = fc.oneof(
  text.map((data) => ({ data, heard: received(data) })),
  text.map((text) => ({ data: encoder.encode(text), heard: received(text) })),
  // Not even UTF-8: still an event of its own, as far as it can be decoded.
  fc.uint8Array({ maxLength: 40 }).map((data) => ({
    data,
    heard: received(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(data),
    ),
  })),
  fc.oneof(
    fc.jsonValue(),
    fc.object(),
    fc.array(text),
    fc.dictionary(text, text),
  )
    .filter((value) => typeof value !== "string")
    .map((data) => ({ data, heard: JSON.stringify(data) })),
);

/** What a client gets of a text (WHATWG HTML 9.2.6). */
function received(text: string): string {
  return text.toWellFormed().replace(/\r\n|\r/g, "\n");
}

const name = fc.oneof(
  text,
  fc.string({ unit: "grapheme", maxLength: 10 }),
  fc.constantFrom(
    "sse-",
    "sse-open",
    "sse",
    "n".repeat(1024),
    "n".repeat(1025),
  ),
);
const namespace = fc.oneof(
  text,
  fc.array(fc.constantFrom("a", "..", ".", "", "é", " ", "\n", "%2F"))
    .map((segments) => segments.join("/")),
  fc.nat({ max: 40 }).map((depth) => "/a".repeat(depth)),
  fc.integer({ min: 330, max: 345 }).map((length) => "€".repeat(length)),
);
const cuts = fc.array(fc.nat(), { maxLength: 40 });

/** All that a server sends to a subscriber of `/` because of these broadcasts. */
async function stream(
  broadcast: (sse: SSEServer) => void,
): Promise<Uint8Array> {
  const sse = new SSEServer();
  const response = await sse.subscribe(new Request("http://localhost/"), "/");
  const bytes = response.arrayBuffer();
  broadcast(sse);
  // Streams end with what can be taken at once, so all has to be taken before.
  await until(() => {
    const { connections, msgs_broadcast } = sse.status();
    return connections[0]!.msgs_sent === msgs_broadcast;
  }, "the last event");
  await sse.close();
  return new Uint8Array(await bytes);
}

/** Asserts that there are these events, and nothing that they have not put there. */
function assertEvents(parsed: Parsed, events: Parsed["events"]): void {
  assertEquals(parsed.events, events);
  assertEquals(parsed.ids, []);
  assertEquals(parsed.comments, ["ok"]);
  assertEquals(parsed.errors, []);
  assertEquals(parsed.retries.length, 1);
}

describe("any message", () => {
  it("arrives as it was sent, however the bytes are split", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent, { minLength: 1, maxLength: 6 }),
        cuts,
        async (messages, cuts) => {
          const bytes = await stream((sse) => {
            for (const { data } of messages) {
              sse.broadcast({ namespace: "/x", data });
            }
          });
          const expected = messages.map(({ heard }) => ({
            event: undefined,
            data: heard,
          }));
          assertEvents(parse(bytes, cuts), expected);
          // And byte by byte.
          assertEvents(parse(bytes, [...bytes.keys()]), expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("arrives as it was sent, or is refused by the name of the field", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ namespace, event: name, sent }), { maxLength: 5 }),
        cuts,
        async (messages, cuts) => {
          const expected: Parsed["events"] = [];
          const bytes = await stream((sse) => {
            for (const { namespace, event, sent } of messages) {
              const { data, heard } = sent;
              const accepted = accepts(sse, { namespace, event, data });
              assertEquals(
                accepted,
                !isBadEvent(event) && !isBadNamespace(namespace),
              );
              if (!accepted) continue;
              expected.push({
                // An empty name is none.
                event: event.toWellFormed() || undefined,
                data: heard,
              });
            }
            assertEquals(sse.status().msgs_broadcast, expected.length);
          });
          assertEvents(parse(bytes, cuts), expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  for (const unit of ["x", " ", "é", "\ufeff"]) {
    it(`arrives whole when it is a megabyte of ${JSON.stringify(unit)}`, async () => {
      const data = unit.repeat(2 ** 20 / encoder.encode(unit).length);
      const bytes = await stream((sse) => {
        sse.broadcast({ namespace: "/x", data: "before" });
        sse.broadcast({ namespace: "/x", event: "large", data });
        sse.broadcast({ namespace: "/x", data: encoder.encode(data) });
      });
      const cuts = Array.from({ length: 100 }, (_, i) => i * 20_011);
      const { events } = parse(bytes, cuts);
      assertEquals(events.map(({ event }) => event), [
        undefined,
        "large",
        undefined,
      ]);
      // Not assertEquals: nobody could read the difference.
      assert(events[1]!.data === data && events[2]!.data === data);
    });
  }
});

/** Broadcasts; false when it was refused in the way that is promised. */
function accepts(sse: SSEServer, message: SSEMessage): boolean {
  try {
    sse.broadcast(message);
    return true;
  } catch (error) {
    assert(error instanceof TypeError || error instanceof RangeError);
    const field = /^Cannot (?:broadcast as|use) '(event|namespace)' /.exec(
      error.message,
    )?.[1];
    // Not refused without a reason either.
    assert(
      field === "event" && isBadEvent(message.event!) ||
        field === "namespace" && isBadNamespace(message.namespace),
      error.message,
    );
    return false;
  }
}

describe("any course of events", () => {
  it("has each reader hear what its namespaces got while it was there, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const model = new HubModel();
        for (const step of steps) await model.run(step);
        await model.check();
      }),
      { numRuns: 100 },
    );
  });
});

// deno-lint-ignore no-control-regex -- what it looks for
const CONTROL = /[\0-\x1f\x7f-\x9f]/;

function isBadEvent(event: string): boolean {
  return CONTROL.test(event) || event.startsWith("sse-") || event.length > 1024;
}

function isBadNamespace(namespace: string): boolean {
  const segments = namespace.split("/").filter((segment) => segment !== "");
  return CONTROL.test(namespace) || segments.length > 32 ||
    encoder.encode(namespace).length > 1024 ||
    segments.some((segment) => segment === "." || segment === "..");
}
