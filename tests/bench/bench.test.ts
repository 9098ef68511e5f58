import { assertEquals, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { RUNTIME } from "../tools/runtime.ts";
import { CASES } from "./cases.ts";
import { type Contender, contenders } from "./contender.ts";
import { figureNamed } from "./results/figure.ts";
import { TRIAL } from "./scale.ts";

/** Sockets without a runtime's own are there on Linux only. */
const skip = process.platform !== "linux";

/** Those that this runtime's tests try out: its own, and on Node those of none. */
const mine = contenders().filter(({ kind, runtime = "node" }) =>
  runtime === RUNTIME && kind !== "bare"
);

/** Cases in which nothing is asked of the machine that its tests lack time for. */
const TRIED = ["flood", "wide", "sets", "overload", "slow", "replay", "hub-ns"];

/** Whether a contender takes part in a trial: peers in one case only. */
function isTried({ kind }: Contender, name: string): boolean {
  return kind === "sseserver" || name === "flood";
}

describe("the benchmark", () => {
  for (const { name, figures, kinds, run } of CASES) {
    if (!TRIED.includes(name)) continue;
    for (const contender of mine) {
      if (!kinds.includes(contender.kind) || !isTried(contender, name)) {
        continue;
      }
      it(
        `measures ${name} of ${contender.name}`,
        { ignore: skip },
        async () => {
          let found = await run(contender, TRIAL);
          // A machine may have stood still for all the time that is measured.
          if (found.deliveries === 0) found = await run(contender, TRIAL);
          assertEquals(figures.filter((figure) => !(figure in found)), []);
          for (const [figure, value] of Object.entries(found)) {
            assertEquals([figure, Number.isFinite(value)], [figure, true]);
          }
          for (const figure of ["lost", "repeated", "cutOff"]) {
            assertEquals([figure, found[figure] ?? 0], [figure, 0]);
          }
          if (found.deliveries !== undefined) assertLess(0, found.deliveries);
        },
      );
    }
  }

  it("knows how to show every figure of every case, which has a name of its own", () => {
    for (const { figures, ratio } of CASES) {
      for (const figure of [...figures, ...ratio ? [ratio.figure] : []]) {
        figureNamed(figure);
      }
    }
    const names = CASES.map(({ name }) => name);
    assertEquals(names.length, new Set(names).size);
  });
});
