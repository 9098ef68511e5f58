import {
  assert,
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { afterAll, describe, it } from "@std/testing/bdd";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runtime } from "../tools/command.ts";
import type { Case } from "./results/case.ts";
import { chartOf } from "./results/chart.ts";
import { CASES } from "./cases.ts";
import {
  documentsOf,
  readDocuments,
  writeDocuments,
} from "./results/documents.ts";
import { load, type Results } from "./results/results.ts";

const results: Results = {
  machine: {
    cpu: "AMD EPYC",
    cores: 2,
    memory: 7.8,
    system: "Some OS 1",
    kernel: "Linux 6.1.0",
    versions: { Deno: "2.9.5" },
  },
  measured: "2026-11-23",
  rounds: 3,
  measurements: [
    measured("flood", "nchan", { deliveries: 100_000 }),
    measured("flood", "sseserver on Bun", { deliveries: 10_000_000 }),
    measured("paced-200", "sseserver on Bun", { p99: 2_000 }),
    measured("paced-200", "bare <Response> & co on Deno", { p99: 20_000 }),
  ],
};

const cases: readonly Case[] = [{
  name: "flood",
  title:
    "Events of 28 bytes are broadcast to 1,000 clients as fast as these can take them.",
  isMain: true,
  figures: ["deliveries"],
}, {
  name: "paced-200",
  title: "A few.",
  figures: ["p99"],
}];

const README = `# Name

<!-- benchmark -->

Old.

<!-- /benchmark -->

## More
`;

const DETAILS = "<!-- benchmark -->\n<!-- /benchmark -->\n";

function measured(
  name: string,
  contender: string,
  round: Record<string, number>,
): Results["measurements"][number] {
  return { case: name, contender, rounds: [round] };
}

/** What `deno fmt` makes of a text. */
function formatted(text: string, ext: string): string {
  const { stdout, stderr } = spawnSync(
    runtime("deno"),
    ["fmt", `--ext=${ext}`, "-"],
    { input: text, encoding: "utf8" },
  );
  assertEquals(stderr, "");
  return stdout;
}

describe("the chart", () => {
  const chart = chartOf(results);
  const lines = chart.split("\n").map((line) => line.trim());

  it("draws a bar a value, ours in a class of their own, the best first", () => {
    const from = lines.indexOf(`<g class="ours" transform="translate(0 76)">`);
    assertEquals(
      lines.slice(from, lines.indexOf("</svg>")),
      `<g class="ours" transform="translate(0 76)">
<text x="24" y="17">
sseserver <tspan>on Bun</tspan>
</text>
<rect class="bar" x="192" y="5" width="194" height="14" rx="2" />
<text class="value" x="394" y="17">10.0 M</text>
<rect class="bar" x="476" y="5" width="44.9" height="14" rx="2" />
<text class="value" x="528.9" y="17">2.0 ms</text>
</g>
<g class="peer" transform="translate(0 100)">
<text x="24" y="17">
nchan
</text>
<rect class="bar" x="192" y="5" width="64.7" height="14" rx="2" />
<text class="value" x="264.7" y="17">100 k</text>
</g>
<g class="peer" transform="translate(0 124)">
<text x="24" y="17">
bare &lt;Response&gt; &amp; co <tspan>on Deno</tspan>
</text>
<rect class="bar" x="476" y="5" width="194" height="14" rx="2" />
<text class="value" x="678" y="17">20 ms</text>
</g>
<text class="note" x="24" y="192">
Medians of 3 rounds on 2 cores of an AMD EPYC, 2026-11-23
</text>`.split("\n"),
    );
  });

  it("has a line behind the bars for every power of ten", () => {
    assertEquals(
      lines.filter((line) => /^<text x="[^"]+" y="89">/.test(line)),
      [
        `<text x="0.5" y="89">10 k</text>`,
        `<text x="65.5" y="89">100 k</text>`,
        `<text x="129.5" y="89">1 M</text>`,
        `<text x="194.5" y="89">10 M</text>`,
        `<text x="0.5" y="89">1 ms</text>`,
        `<text x="149.5" y="89">10 ms</text>`,
      ],
    );
  });

  it("says in words what it shows", () => {
    assertStringIncludes(
      chart,
      `role="img" aria-labelledby="title desc">
  <title id="title">sseserver and others, measured</title>
  <desc id="desc">
    Deliveries a second, more is better: sseserver on Bun 10.0 M, nchan 100 k.
    p99 latency, less is better: sseserver on Bun 2.0 ms, bare &lt;Response&gt; &amp; co on Deno 20 ms.
  </desc>`,
    );
  });

  it("is 760 wide, and loads and runs nothing", () => {
    assert(chart.startsWith(
      `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="212"\n` +
        `  viewBox="0 0 760 212" `,
    ));
    assertNotMatch(chart, /<script|<image|href|url\(|@import|on\w+=/);
    assertStringIncludes(chart, "@media (prefers-color-scheme: dark)");
  });

  it("leaves out a panel of which nothing was measured, and needs one", () => {
    const [, , ours, bare] = results.measurements;
    const paced = chartOf({ ...results, measurements: [bare!, ours!] });
    assertEquals(
      [...paced.matchAll(/<text class="value".*>(.+)<\/text>/g)]
        .map(([, value]) => value),
      ["2.0 ms", "20 ms"],
    );
    assertNotMatch(paced, /Deliveries/);
    const error = assertThrows(
      () => chartOf({ ...results, measurements: [] }),
      RangeError,
    );
    assertEquals(
      error.message,
      "A chart needs measurements of flood or paced-200: there are none",
    );
  });

  it("has a place for what took no time", () => {
    const none = measured("paced-200", "nchan", { p99: 0 });
    assertStringIncludes(
      chartOf({ ...results, measurements: [none] }),
      `width="0" height="14" rx="2" />`,
    );
  });

  it("is as deno fmt leaves it", () => {
    assertEquals(formatted(chart, "svg"), chart);
  });
});

describe("README.md", () => {
  const old = { readme: README, details: DETAILS };
  const { readme, details, chart } = documentsOf(results, cases, old);

  it("gets chart and tables between its markers and keeps the rest", () => {
    assertEquals(
      readme,
      `# Name

<!-- benchmark -->

![Deliveries a second and latency of sseserver and others](docs/benchmark.svg)

**flood**: Events of 28 bytes are broadcast to 1,000 clients as fast as these
can take them.

|                  | deliveries/s |
| ---------------- | -----------: |
| nchan            |        100 k |
| sseserver on Bun |       10.0 M |

Medians of 3 rounds; of what was lost, repeated, cut off or answered, the worst
round. Measured on 2026-11-23 with 2 cores of an AMD EPYC, 7.8 GiB, Some OS 1,
Linux 6.1.0, Deno 2.9.5.

<!-- /benchmark -->

## More
`,
    );
    const again = documentsOf(results, cases, { readme, details });
    assertEquals(again, { readme, details, chart });
    assertEquals(chart, chartOf(results));
  });

  it("gets the tables of main cases only, docs/benchmark.md all of them", () => {
    assertNotMatch(readme, /paced-200/);
    assertEquals(
      details.match(/^\*\*[\w-]+\*\*/gm),
      ["**flood**", "**paced-200**"],
    );
    assertNotMatch(details, /!\[/);
  });

  it("is as deno fmt leaves it", () => {
    assertEquals(formatted(readme, "md"), readme);
    assertEquals(formatted(details, "md"), details);
  });

  it("does not call a single round a median", () => {
    const one = documentsOf({ ...results, rounds: 1 }, cases, old);
    assertStringIncludes(one.readme, "\nOne round; of what was lost");
    assertStringIncludes(one.chart, " One round on 2 cores");
  });

  it("has to have both markers, once and in order", () => {
    const [begin, end] = ["<!-- benchmark -->", "<!-- /benchmark -->"];
    for (
      const [text, counts] of [
        ["", "0 and 0"],
        [begin, "1 and 0"],
        [end, "0 and 1"],
        [`${end}${begin}`, "1 and 1"],
        [`${begin}${end}${begin}`, "2 and 1"],
        [`${begin}${end}${end}`, "1 and 2"],
        [`${end}${begin}${end}`, "1 and 2"],
      ] as const
    ) {
      const error = assertThrows(
        () => documentsOf(results, cases, { ...old, readme: text }),
        SyntaxError,
      );
      assertEquals(
        error.message,
        "README.md must have one <!-- benchmark --> and below it one " +
          `<!-- /benchmark -->: current counts are ${counts}`,
      );
    }
  });
});

describe("the documents", () => {
  const root = mkdtempSync(path.join(tmpdir(), "sseserver-documents-"));
  afterAll(() => rmSync(root, { recursive: true }));

  it("are written as they should be, and missed", () => {
    writeFileSync(path.join(root, "README.md"), README);
    mkdirSync(path.join(root, "docs"));
    writeFileSync(path.join(root, "docs/benchmark.md"), DETAILS);
    assertThrows(() => readDocuments(root), Error, "benchmark.svg");
    writeDocuments(results, cases, root);
    assertEquals(
      readDocuments(root),
      documentsOf(results, cases, { readme: README, details: DETAILS }),
    );
  });

  it("are what tests/bench/results.json says", () => {
    const documents = readDocuments();
    assertEquals(
      documents,
      documentsOf(load()!, CASES, documents),
      "node tests/bench/write.ts puts it right",
    );
  });
});
