import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { blocksOf } from "../tools/markdown.ts";
import { commandsOf, masked } from "./transcript.ts";
import { type Treatment, treatmentOf } from "./treatment.ts";

describe("a block of code", () => {
  const block = (text: string) => blocksOf(text, "a.md")[0]!;

  it("is found with its mark, also where it is indented", () => {
    assertEquals(
      blocksOf(
        "# A\n\n<!-- runs on: bun -->\n\n```js\na\n\n  b\n```\n\n- c\n\n  ```sh\n  d\n  ```\n",
        "a.md",
      ),
      [
        {
          file: "a.md",
          line: 5,
          language: "js",
          isIgnored: false,
          code: "a\n\n  b\n",
          mark: "<!-- runs on: bun -->",
        },
        {
          file: "a.md",
          line: 13,
          language: "sh",
          isIgnored: false,
          code: "d\n",
          mark: undefined,
        },
      ],
    );
    assertThrows(
      () => blocksOf("a\n```ts\nb\n", "a.md"),
      SyntaxError,
      "a.md:2 begins a block that has no end",
    );
  });

  it("is treated by its language and mark", () => {
    const treatments: Record<string, Treatment> = {
      "```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: false,
      },
      "<!-- runs on: deno, bun -->\n```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun"],
        redis: false,
      },
      "<!-- runs with: redis -->\n\n```ts\n```": {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: true,
      },
      "```js\n```": { kind: "page" },
      '```js\nimport a from "a";\n```': {
        kind: "program",
        runtimes: ["deno", "bun", "node"],
        redis: false,
      },
      "```console\n```": { kind: "transcript" },
      "<!-- sent by the program above -->\n```text\n```": { kind: "sent" },
      "<!-- run by: tests/a.test.ts -->\n```sh\n```": {
        kind: "elsewhere",
        test: "tests/a.test.ts",
      },
      "<!-- not run here: needs a registry -->\n```sh\n```": {
        kind: "unrun",
        why: "needs a registry",
      },
      "_Not run here: needs Astro._\n\n```ts ignore\n```": {
        kind: "unrun",
        why: "needs Astro",
      },
    };
    for (const [text, treatment] of Object.entries(treatments)) {
      assertEquals(treatmentOf(block(text)), treatment, text);
    }
  });

  it("fails the tests where nothing says how to treat it", () => {
    const wrong: Record<string, string> = {
      "```sh\n```":
        'a.md:1 needs a mark that says how it is tested, as its language is "sh"',
      "```\n```": 'as its language is ""',
      "```ts ignore\n```": "has no checked types",
      "<!-- runs on: rhino -->\n```ts\n```": "has a mark that is none",
      "<!-- ignore -->\n```ts\n```": "has a mark that is none",
      "<!-- runs on: deno -->\n```sh\n```": "has a mark that is none",
      "<!-- sent by the program above -->\n```sh\n```":
        "has a mark that is none",
      "<!-- not run here: no time -->\n```sh\n```": "has a mark that is none",
      "<!-- not run here: needs Astro -->\n```ts\n```":
        "readers have to see it",
    };
    for (const [text, message] of Object.entries(wrong)) {
      assertThrows(() => treatmentOf(block(text)), SyntaxError, message);
    }
    // A mark is right above its block, or it is none.
    assertThrows(
      () =>
        treatmentOf(block("<!-- not run here: needs X -->\n\na\n\n```sh\n```")),
      SyntaxError,
      "needs a mark",
    );
  });

  it("of a terminal is split into commands and what they print", () => {
    assertEquals(
      commandsOf("$ a \\\n    b\nc\n\nd\n$ e\nf \\\n"),
      [
        { command: "a \\\n    b", output: "c\n\nd\n" },
        { command: "e", output: "f \\\n" },
      ],
    );
    assertThrows(() => commandsOf("a\n"), SyntaxError, 'begins with "$ "');
    assertEquals(
      masked('retry:1234\nid:tphhru1c0l-12\n{"id":"a1b2c3d4e5-3"}\n'),
      'retry:MS\nid:EPOCH-12\n{"id":"EPOCH-3"}\n',
    );
  });
});
