import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseExactly } from "../src/http/exact_json.ts";

/** JSON that keeps what was written of numbers, where the host has it. */
const host = JSON as { rawJSON?: unknown };

/** What is sent on of the field `data`: a string as it is, anything else as JSON. */
function sent(text: string): string {
  const { data } = parseExactly(text, "data") as { data: unknown };
  return typeof data === "string" ? data : JSON.stringify(data);
}

const CASES: readonly [string, string][] = [
  ['{"data":9007199254740993}', "9007199254740993"],
  ['{"data": -1E400 }', "-1E400"],
  [
    '{ "data" : {"id":9007199254740993, "a":[1.50, 12345678901234567890] } }',
    '{"id":9007199254740993,"a":[1.50,12345678901234567890]}',
  ],
  [
    '{"data":{"__proto__":{"x":1e2},"9007199254740993":7}}',
    '{"__proto__":{"x":1e2},"9007199254740993":7}',
  ],
  [
    '{"data":["9007199254740993","a \\" 1e5",1e5,"\\\\",2E5]}',
    '["9007199254740993","a \\" 1e5",1e5,"\\\\",2E5]',
  ],
  ['{"data":1,"data":9007199254740993}', "9007199254740993"],
  ['{"data":"1e5 is a text"}', "1e5 is a text"],
  ['{"data":null,"event":"1e5"}', "null"],
  ['{"data":{"a":0.1,"b":100,"c":[]},"e":1e5}', '{"a":0.1,"b":100,"c":[]}'],
];

const NOT_JSON = [
  '{"data":1e}',
  '{"data":0123456789012345678}',
  '{"data":1.e5}',
];

describe("JSON that is sent on", () => {
  it("has the digits that it had", () => {
    for (const [text, expected] of CASES) assertEquals(sent(text), expected);
    for (const text of NOT_JSON) assertThrows(() => sent(text), SyntaxError);
  });

  it("has them too where the host does not give the text, as Node 20", () => {
    const { rawJSON } = host;
    delete host.rawJSON;
    try {
      for (const [text, expected] of CASES) assertEquals(sent(text), expected);
      for (const text of NOT_JSON) assertThrows(() => sent(text), SyntaxError);
      // What is not sent on is what it was.
      assertEquals(parseExactly('{"data":1e400,"event":1e400}', "data"), {
        data: "1e400",
        event: Infinity,
      });
      for (const text of ["1e5", "[1e5]", "null", '"1e5"']) {
        assertEquals(parseExactly(text, "data"), JSON.parse(text));
      }
    } finally {
      if (rawJSON !== undefined) host.rawJSON = rawJSON;
    }
  });
});
