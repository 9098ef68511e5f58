/**
 * The benchmark: every case, on every runtime and with every peer that is there, in
 * turn and several rounds, so that what is compared was measured in the same
 * minutes. Servers have one core, the load client another.
 *
 *     npm run bench                          everything; writes what it found
 *     npm run bench -- flood                 these cases; prints only
 *     npm run bench -- flood bun nchan       with these contenders
 *     npm run bench -- --rounds 3            5 unless told
 *     npm run bench -- --write flood         writes also a part of it
 *
 * Results go to tests/bench/results.json, their tables into README.md and a chart
 * of them to docs/benchmark.svg.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { type BenchCase, CASES } from "./cases.ts";
import { type Contender, contenders } from "./contender.ts";
import { describeMachine, thisMachine } from "./results/machine.ts";
import { writeDocuments } from "./results/documents.ts";
import {
  load,
  type Measurement,
  merge,
  type Results,
  save,
} from "./results/results.ts";
import { plainTables } from "./results/table.ts";
import { FULL, TRIAL } from "./scale.ts";
import { CORES } from "./server.ts";

/** What one contender has shown in one case. */
interface Entry extends Measurement {
  readonly rounds: Record<string, number>[];
  readonly how: BenchCase;
  readonly who: Contender;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      write: { type: "boolean", default: false },
      trial: { type: "boolean", default: false },
    },
  });
  const everyone = contenders();
  const isCase = (word: string) => CASES.some(({ name }) => name === word);
  const is = ({ kind, runtime }: Contender, word: string) =>
    kind === word || runtime === word;
  const words = positionals.filter((word) => !isCase(word));
  const unknown = words.filter((word) =>
    !everyone.some((contender) => is(contender, word))
  );
  const rounds = Number(values.rounds);
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    console.error(
      unknown.length > 0
        ? `Neither a case nor a contender that is there: ${unknown.join(", ")}`
        : `'rounds' must be a whole number from 1: current value is "${values.rounds}"`,
    );
    console.error(`Cases: ${CASES.map(({ name }) => name).join(", ")}`);
    process.exit(2);
  }
  const cases = CASES.filter(({ name }) =>
    positionals.every((word) => !isCase(word)) || positionals.includes(name)
  );
  const chosen = everyone.filter((contender) =>
    words.length === 0 || words.some((word) => is(contender, word))
  );
  return { ...values, rounds, cases, chosen, isAll: positionals.length === 0 };
}

/** Measures each once, in turn; the next round begins with another one. */
async function round(entries: readonly Entry[], number: number): Promise<void> {
  const scale = trial ? TRIAL : FULL;
  for (const { how, who, rounds } of entries) {
    const figures = await how.run(who, scale);
    rounds.push(figures);
    const shown = how.figures.filter((name) => name in figures).slice(0, 6)
      .map((name) => `${name} ${Number(figures[name]!.toPrecision(3))}`);
    console.log(
      `${number} ${how.name.padEnd(10)} ${who.name.padEnd(20)} ${
        shown.join("  ")
      }`,
    );
  }
}

const { rounds, cases, chosen, isAll, write, trial } = readArguments();
if (process.platform !== "linux" || cpus().length < 2) {
  console.error("The benchmark needs Linux and two cores");
  process.exit(2);
}
const entries = cases.flatMap((how) =>
  chosen.filter(({ kind }) => how.kinds.includes(kind)).map((who): Entry => ({
    case: how.name,
    contender: who.name,
    rounds: [],
    how,
    who,
  }))
);
// Not on the server's core, nor may it keep the load from its own for long.
spawnSync("taskset", ["-cp", `${CORES.load}`, `${process.pid}`]);
const machine = thisMachine();
console.log(describeMachine(machine));
/** What the rounds so far have shown. */
function resultsOf(rounds: number): Results {
  const fresh = {
    machine,
    measured: new Date().toISOString().slice(0, 10),
    rounds,
    measurements: entries.map(({ case: name, contender, rounds }) => ({
      case: name,
      contender,
      rounds,
    })),
  };
  return isAll ? fresh : merge(before, fresh);
}

const before = load();
for (let number = 1; number <= rounds; number++) {
  await round(entries, number);
  // An hour is long: what has been measured stays.
  if ((isAll || write) && !trial) save(resultsOf(number));
}
const results = resultsOf(rounds);
console.log(`\n${plainTables(cases, results)}`);
if ((isAll || write) && !trial) writeDocuments(results, CASES);
