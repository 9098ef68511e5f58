import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { figureNamed, FIGURES, valueOf } from "./results/figure.ts";
import type { Measurement, Results } from "./results/results.ts";
import { markdownTables, plainTables } from "./results/table.ts";

function measured(
  name: string,
  contender: string,
  ...rounds: Record<string, number>[]
): Measurement {
  return { case: name, contender, rounds };
}

describe("a figure", () => {
  function shown(name: string, ...values: number[]): string[] {
    return values.map((value) => figureNamed(name).format(value));
  }

  it("of a rate has three digits and a unit that keeps it short", () => {
    assertEquals(
      shown("deliveries", 12_345_678, 390_000, 999_499, 999_500, 1e9, 200, 0),
      ["12.3 M", "390 k", "999 k", "1.00 M", "1.00 G", "200", "0"],
    );
    assertEquals(shown("broadcasts", 21_040), ["21.0 k"]);
    assertEquals(shown("gigabytes", 1.234, 0.0256), ["1.23 GB/s", "25.6 MB/s"]);
  });

  it("of a latency goes from microseconds to seconds", () => {
    for (const name of ["p50", "p99", "p999", "max"]) {
      assertEquals(
        shown(name, 640, 4_600, 1_200_000, 12_345, 9_960, 994, 995, 0.5),
        [
          "640 µs",
          "4.6 ms",
          "1.2 s",
          "12 ms",
          "10 ms",
          "990 µs",
          "1.0 ms",
          "0.5 µs",
        ],
      );
    }
  });

  it("of a duration goes from milliseconds to seconds", () => {
    assertEquals(shown("recovery", 0, 87, 4_600), ["0 ms", "87 ms", "4.6 s"]);
    assertEquals(shown("slowestAnswer", 1_000), ["1.0 s"]);
  });

  it("keeps its unit where lines are of one size", () => {
    assertEquals(
      shown("memory", 3_214, 640, 997, -640),
      ["3.21 KB", "0.64 KB", "1.00 KB", "-0.64 KB"],
    );
    assertEquals(shown("memory", 1_234_567), ["1,230 KB"]);
    assertEquals(shown("resident", 87_654_321), ["87.7 MB"]);
    assertEquals(shown("spread", 3.21, 12), ["3.2 %", "12 %"]);
  });

  it("of the hub is in nanoseconds, whatever the size", () => {
    assertEquals(shown("perReader100", 12.34), ["12 ns"]);
    assertEquals(shown("broadcast10000", 45_678, 1_234_567), [
      "46 µs",
      "1.2 ms",
    ]);
    assertEquals(figureNamed("random100000").label, "to any of 100,000");
  });

  it("of a count shows all of it", () => {
    for (const name of ["lost", "repeated", "cutOff", "answered"]) {
      assertEquals(shown(name, 0, 1_234_567), ["0", "1,234,567"]);
    }
  });

  it("is the median of its rounds, but the worst where a failure would hide", () => {
    const one = measured(
      "flood",
      "nchan",
      { lost: 0, answered: 9, p99: 1 },
      { lost: 0, answered: 10, p99: 2 },
      { lost: 4, answered: 10, p99: 9 },
    );
    assertEquals(
      ["lost", "answered", "p99", "p50"].map((name) => valueOf(one, name)),
      [4, 9, 2, undefined],
    );
  });

  it("has a label of its own, unless it has no name", () => {
    const labels = Object.values(FIGURES).map(({ label }) => label);
    assertEquals(new Set(labels).size, labels.length);
    assertThrows(() => figureNamed("speed"), RangeError, 'value is "speed"');
  });
});

describe("a table", () => {
  const cases = [
    {
      name: "flood",
      title: "As many as go.",
      figures: ["deliveries", "lost"],
      ratio: { figure: "deliveries", to: "streamSSE" },
    },
    { name: "idle", title: "Nothing.", figures: ["memory"] },
    {
      name: "paced",
      title: "One event a second, which everyone has to get within a second.",
      figures: ["p99"],
      ratio: { figure: "p99", to: "nchan" },
    },
  ];
  const measurements = [
    measured("flood", "sseserver on Bun", { deliveries: 8e6, lost: 0 }),
    measured("flood", "streamSSE on Bun", { deliveries: 1e6, lost: 3 }),
    measured("flood", "sseserver on Deno", { deliveries: 3e6 }),
    measured("paced", "nchan", { p99: 2_000 }),
    measured("paced", "better|sse", { p99: 1_000 }),
  ];
  const results: Results = {
    machine: {
      cpu: "AMD EPYC",
      cores: 2,
      memory: 7.8,
      system: "Some OS 1",
      kernel: "Linux 6.1.0",
      versions: {},
    },
    measured: "2026-11-23",
    rounds: 1,
    measurements,
  };

  it("has a line a contender and a column a figure", () => {
    assertEquals(
      plainTables(cases, results),
      `flood: As many as go.
                     deliveries/s  lost  deliveries/s vs streamSSE
  sseserver on Bun         8.00 M     0                      8.00×
  streamSSE on Bun         1.00 M     3                      1.00×
  sseserver on Deno        3.00 M     –                          –

paced: One event a second, which everyone has to get within a second.
                 p99  p99 vs nchan
  nchan       2.0 ms         1.00×
  better|sse  1.0 ms         0.50×
`,
    );
  });

  it("compares with one contender, or the one on the same runtime", () => {
    const contenders = ["a on Bun", "a on Node", "b on Bun", "b on Node", "c"];
    const flood = contenders.map((contender, i) =>
      measured("flood", contender, { deliveries: 2 ** i })
    );
    function ratios(to: string): string[] {
      const ratio = { figure: "deliveries", to };
      const [one] = cases;
      return plainTables([{ ...one!, figures: [], ratio }], {
        ...results,
        measurements: flood,
      }).trimEnd().split("\n").slice(2).map((line) => line.split(/ +/).at(-1)!);
    }
    assertEquals(ratios("b"), ["0.25×", "0.25×", "1.00×", "1.00×", "–"]);
    assertEquals(ratios("a on Node"), [
      "0.50×",
      "1.00×",
      "2.00×",
      "4.00×",
      "8.00×",
    ]);
    assertEquals(ratios("nchan"), ["–", "–", "–", "–", "–"]);
  });

  it("is the same in Markdown", () => {
    assertEquals(
      markdownTables(cases, results),
      `**flood**: As many as go.

|                   | deliveries/s | lost | deliveries/s vs streamSSE |
| ----------------- | -----------: | ---: | ------------------------: |
| sseserver on Bun  |       8.00 M |    0 |                     8.00× |
| streamSSE on Bun  |       1.00 M |    3 |                     1.00× |
| sseserver on Deno |       3.00 M |    – |                         – |

**paced**: One event a second, which everyone has to get within a second.

|             |    p99 | p99 vs nchan |
| ----------- | -----: | -----------: |
| nchan       | 2.0 ms |        1.00× |
| better\\|sse | 1.0 ms |        0.50× |
`,
    );
  });
});
