import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { encodeBody } from "../src/message.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const NO_LIMIT = 1024 * 1024;

/** A message as it goes over the wire. */
function wire(data: unknown, event?: string): string {
  return decoder.decode(encodeBody({ namespace: "/", event, data }, NO_LIMIT));
}

function refusal(
  error: typeof TypeError | typeof RangeError,
  data: unknown,
  event?: unknown,
  limit = NO_LIMIT,
): string {
  const message = { namespace: "/", event: event as string, data };
  return assertThrows(() => encodeBody(message, limit), error).message;
}

describe("a message on the wire", () => {
  it("is a data field and an empty line, without a space", () => {
    assertEquals(wire("hello"), "data:hello\n\n");
  });

  it("has its event field first, when there is one", () => {
    assertEquals(wire("Corgi", "new-dog"), "event:new-dog\ndata:Corgi\n\n");
    assertEquals(wire("Corgi", ""), "data:Corgi\n\n");
  });

  it("keeps empty data as an event", () => {
    assertEquals(wire(""), "data:\n\n");
    assertEquals(wire("", "ping"), "event:ping\ndata:\n\n");
    assertEquals(wire(new Uint8Array()), "data:\n\n");
  });

  it("has a data field for every line, whichever way the lines end", () => {
    const lines = "data:a\ndata:b\ndata:c\ndata:d\n\n";
    assertEquals(wire("a\nb\rc\r\nd"), lines);
    assertEquals(wire(encoder.encode("a\nb\rc\r\nd")), lines);
  });

  it("keeps empty lines at both ends and between", () => {
    const lines = "data:\ndata:a\ndata:\ndata:b\ndata:\n\n";
    assertEquals(wire("\na\n\nb\n"), lines);
    assertEquals(wire(encoder.encode("\ra\r\rb\r")), lines);
    assertEquals(wire("\r\n"), "data:\ndata:\n\n");
    assertEquals(wire("\n\r"), "data:\ndata:\ndata:\n\n");
  });

  it("gives one more space to whatever begins with one", () => {
    assertEquals(wire(" a\n  b\n\tc"), "data:  a\ndata:   b\ndata:\tc\n\n");
    assertEquals(
      wire(encoder.encode(" a\n  b\n\tc")),
      "data:  a\ndata:   b\ndata:\tc\n\n",
    );
    assertEquals(wire("x", " name"), "event:  name\ndata:x\n\n");
  });

  it("leaves everything else in the data alone", () => {
    const odd = "\0 \ufeff\u2028\u2029\u0085\v\f é 🐕 :data: event:x";
    assertEquals(wire(odd), `data:${odd}\n\n`);
    assertEquals(wire(encoder.encode(odd)), `data:${odd}\n\n`);
  });

  it("replaces lone surrogates, in data and in the event's name", () => {
    assertEquals(wire("a\ud800b\udc00"), "data:a\ufffdb\ufffd\n\n");
    assertEquals(wire("x", "\udfff"), "event:\ufffd\ndata:x\n\n");
  });

  it("holds JSON of what is neither a string nor bytes", () => {
    assertEquals(
      wire({ a: [1, null, "b\nc"] }),
      'data:{"a":[1,null,"b\\nc"]}\n\n',
    );
    assertEquals(wire(null), "data:null\n\n");
    assertEquals(wire(0), "data:0\n\n");
    assertEquals(wire(false), "data:false\n\n");
    assertEquals(wire(new Date(0)), 'data:"1970-01-01T00:00:00.000Z"\n\n');
  });

  it("lets a toJSON forge neither a line nor a field", () => {
    assertEquals(
      wire({ toJSON: () => "a\n\nevent:forged" }),
      'data:"a\\n\\nevent:forged"\n\n',
    );
  });

  it("is a copy: bytes changed afterwards do not change it", () => {
    const data = encoder.encode("before");
    const body = encodeBody({ namespace: "/", data }, NO_LIMIT);
    data.fill(0);
    assertEquals(decoder.decode(body), "data:before\n\n");
  });

  it("stays as it is while others are encoded after it", () => {
    const texts = Array.from(
      { length: 2_000 },
      (_, i) => String(i) + ["", "é", "x€", "🐕"][i % 4]!.repeat(i % 700),
    );
    const bodies = texts.map((data) =>
      encodeBody({ namespace: "/", data }, NO_LIMIT)
    );
    assertEquals(
      bodies.map((body) => decoder.decode(body)),
      texts.map((text) => `data:${text}\n\n`),
    );
  });

  it("takes no more than the part of a buffer that a view shows", () => {
    const data = encoder.encode("-inside-").subarray(1, 7);
    assertEquals(wire(data), "data:inside\n\n");
  });
});

describe("a message that is refused", () => {
  it("holds data that JSON does not know", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const nothing = { toJSON: () => undefined };
    for (
      const [data, shown] of [
        [undefined, "undefined"],
        [() => {}, "a function"],
        [Symbol("s"), "Symbol(s)"],
        [1n, "1"],
        [{ deep: 1n }, "an object"],
        [circle, "an array"],
        [nothing, "an object"],
        [new ArrayBuffer(1), "an object"],
        [new DataView(new ArrayBuffer(1)), "an object"],
        [new Uint16Array(1), "an object"],
      ] as [unknown, string][]
    ) {
      assertEquals(
        refusal(TypeError, data),
        `Cannot broadcast as 'data' must be a string, a Uint8Array or a value that JSON can hold: current value is ${shown}`,
      );
    }
  });

  it("has an event name with a control character in it", () => {
    for (
      const name of ["a\nb", "a\rb", "\r\n", "\0", "a\tb", "\x7f", "\x85"]
    ) {
      assertEquals(
        refusal(TypeError, "x", name),
        `Cannot broadcast as 'event' must not contain a line break or another control character: current value is ${
          JSON.stringify(name)
        }`,
      );
    }
  });

  it("has an event name that is not a string", () => {
    for (const name of [null, 1, {}, ["a"]]) {
      assertEquals(
        refusal(TypeError, "x", name).split(":")[0],
        "Cannot broadcast as 'event' must be a string",
      );
    }
  });

  it("has an event name that is the server's own", () => {
    assertEquals(
      refusal(TypeError, "x", "sse-gap"),
      `Cannot broadcast as 'event' must not start with "sse-", which is the server's own: current value is "sse-gap"`,
    );
    assertEquals(wire("x", "sse"), "event:sse\ndata:x\n\n");
  });

  it("has an event name of more than 1,024 characters", () => {
    const longest = "n".repeat(1024);
    assertEquals(wire("x", longest), `event:${longest}\ndata:x\n\n`);
    assertEquals(
      refusal(RangeError, "x", longest + "n"),
      `Cannot broadcast as 'event' must not be longer than 1024 characters: current value is "${
        "n".repeat(64)
      }…"`,
    );
  });

  it("has data of more UTF-8 bytes than the limit", () => {
    const message = { namespace: "/", data: "" as unknown };
    for (const data of ["123456", "éé12", "€€", "🐕12"]) {
      message.data = data;
      const { length } = encodeBody(message, 6);
      assertEquals(length, "data:\n\n".length + 6, data);
      message.data = encoder.encode(data);
      assertEquals(encodeBody(message, 6).length, length, data);
      for (const more of [data + "x", encoder.encode(data + "x")]) {
        assertEquals(
          refusal(RangeError, more, undefined, 6).split(": ")[0],
          "Cannot broadcast as 'data' must not be larger than 6 bytes (limits.messageBytes)",
        );
      }
    }
    assertEquals(
      refusal(RangeError, { a: 1 }, undefined, 6).split(": ")[1],
      "current value has 7 characters",
    );
  });

  it("shows a value of the caller on one line and never at length", () => {
    const message = refusal(TypeError, "x", "\n".repeat(1000));
    assertEquals(message.includes("\n"), false);
    assertEquals(message.endsWith('\\n…"'), true);
  });
});
