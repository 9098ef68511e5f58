import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { afterAll, describe, it } from "@std/testing/bdd";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  checkMachine,
  describeMachine,
  isVirtual,
  type Machine,
  systemName,
  thisMachine,
} from "./results/machine.ts";
import {
  load,
  type Measurement,
  median,
  medians,
  merge,
  type Results,
  save,
} from "./results/results.ts";

const machine: Machine = {
  cpu: "AMD EPYC",
  cores: 2,
  memory: 7.8,
  virtual: true,
  system: "Debian GNU/Linux 12 (bookworm)",
  kernel: "Linux 6.1.0",
  congestion: "cubic",
  versions: { Deno: "2.9.5", Bun: "1.4.5" },
};

function measured(
  name: string,
  contender: string,
  ...rounds: Record<string, number>[]
): Measurement {
  return { case: name, contender, rounds };
}

function resultsOf(...measurements: Measurement[]): Results {
  return { machine, measured: "2026-11-23", rounds: 1, measurements };
}

describe("what a benchmark has measured", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sseserver-results-"));
  const file = path.join(folder, "results.json");
  afterAll(() => rmSync(folder, { recursive: true }));

  const results = resultsOf(
    measured("flood", "nchan", { deliveries: 2 }),
    measured("flood", "sseserver on Bun", { deliveries: 5 }),
    measured("idle", "nchan", { memory: 7 }),
  );

  it("comes back from the file as it was saved", () => {
    assertEquals(load(file), undefined);
    save(results, file);
    assertEquals(load(file), results);
  });

  it("is refused, by the place of what is wrong", () => {
    const wrong: [change: (copy: Json) => void, message: string][] = [
      [
        (copy) => delete copy.machine.cpu,
        "machine.cpu must be a text: current value is undefined",
      ],
      [
        (copy) => copy.machine.virtual = "yes",
        'machine.virtual must be true or false: current value is "yes"',
      ],
      [
        (copy) => delete copy.measured,
        "measured must be a text: current value is undefined",
      ],
      [
        (copy) => copy.rounds = 0,
        "rounds must be a positive integer: current value is 0",
      ],
      [
        (copy) => copy.measurements = {},
        "measurements must be an array: current value is {}",
      ],
      [
        (copy) => delete copy.measurements[1].contender,
        "measurements[1].contender must be a text: current value is undefined",
      ],
      [
        (copy) => copy.measurements[2].rounds = [],
        "measurements[2].rounds.length must be a positive integer: current value is 0",
      ],
      [
        (copy) => copy.measurements[0].rounds[0] = null,
        "measurements[0].rounds[0] must be an object: current value is null",
      ],
      [
        (copy) => copy.measurements[0].rounds[0].deliveries = NaN,
        "measurements[0].rounds[0].deliveries must be a finite number: current value is NaN",
      ],
      [
        (copy) => copy.measurements[0].rounds.push({ p50: 1 }),
        "measurements[0].rounds[1] must have the figures of the first round, deliveries: current ones are p50",
      ],
    ];
    for (const [change, message] of wrong) {
      const copy = structuredClone(results);
      change(copy);
      const error = assertThrows(() => save(copy, file), TypeError);
      assertEquals(error.message, `Results: ${message}`);
    }
    assertEquals(load(file), results, "a refused save leaves the file alone");
  });

  it("names the file that does not parse or lacks something", () => {
    writeFileSync(file, '{"machine":');
    const syntax = assertThrows(() => load(file), SyntaxError);
    assertMatch(syntax.message, /^Cannot parse \S+results\.json: ./);
    writeFileSync(file, "[]");
    const shape = assertThrows(() => load(file), TypeError);
    assertMatch(
      shape.message,
      /results\.json must be an object: current value is \[\]$/,
    );
  });

  it("ends with a line break in its file, and has two spaces a level", () => {
    save(resultsOf(), file);
    assertMatch(
      readFileSync(file, "utf8"),
      /^\{\n {2}"machine": \{\n {4}"cpu": "AMD EPYC",\n[^]*\n {2}"measurements": \[\]\n\}\n$/,
    );
  });

  it("is replaced by a new run as far as that went", () => {
    const fresh = {
      ...resultsOf(
        measured("idle", "sseserver on Bun", { memory: 3 }),
        measured("flood", "nchan", { deliveries: 4 }),
      ),
      measured: "2026-11-24",
    };
    assertEquals(merge(results, fresh), {
      ...fresh,
      measurements: [
        measured("flood", "nchan", { deliveries: 4 }),
        measured("flood", "sseserver on Bun", { deliveries: 5 }),
        measured("idle", "nchan", { memory: 7 }),
        measured("idle", "sseserver on Bun", { memory: 3 }),
      ],
    });
  });

  it("claims no more rounds than all that is in it has", () => {
    const round = { deliveries: 1 };
    const fresh = {
      ...resultsOf(measured("flood", "nchan", round, round, round)),
      rounds: 3,
    };
    assertEquals(merge(undefined, fresh).rounds, 3);
    assertEquals(merge(results, fresh).rounds, 1);
    assertEquals(merge(fresh, fresh).rounds, 3);
  });

  it("is dropped when the machine or a version on it is another", () => {
    const fresh = resultsOf(measured("flood", "nchan", { deliveries: 4 }));
    const versions = { ...machine.versions, Bun: "1.4.6" };
    for (
      const change of [{ cores: 3 }, { kernel: "Linux 6.2" }, { versions }]
    ) {
      const elsewhere = { ...fresh, machine: { ...machine, ...change } };
      assertEquals(merge(results, elsewhere), elsewhere);
    }
    assertEquals(merge(undefined, fresh), fresh);
  });
});

// deno-lint-ignore no-explicit-any
type Json = any;

describe("a median", () => {
  it("is in the middle of an odd number of values", () => {
    assertEquals(median([10, 9, 100]), 10);
    assertEquals(median([7]), 7);
  });

  it("is the mean of the two in the middle of an even number", () => {
    assertEquals(median([100, 4, 1, 2]), 3);
  });

  it("leaves the values in their order, and does not exist without any", () => {
    const values = [3, 1, 2];
    median(values);
    assertEquals(values, [3, 1, 2]);
    assertThrows(() => median([]), RangeError, "current length is 0");
  });

  it("is taken of each figure by itself", () => {
    const one = measured(
      "flood",
      "nchan",
      { deliveries: 1, p99: 30 },
      { deliveries: 3, p99: 10 },
      { deliveries: 2, p99: 20 },
    );
    assertEquals(medians(one), { deliveries: 2, p99: 20 });
  });
});

describe("a machine", () => {
  it("is this one", () => {
    const here = thisMachine();
    assertEquals(checkMachine(here, "machine"), here);
    for (const name of ["Deno", "Bun", "Node"]) {
      assertMatch(here.versions[name]!, /^\d+\.\d+\.\d+/);
    }
  });

  it("is told in a sentence", () => {
    assertEquals(
      describeMachine(machine),
      "2 cores of an AMD EPYC, 7.8 GiB, a virtual machine, " +
        "Debian GNU/Linux 12 (bookworm), Linux 6.1.0, TCP with cubic, " +
        "Deno 2.9.5, Bun 1.4.5",
    );
    const { cpu, memory, system, kernel } = machine;
    assertEquals(
      describeMachine({
        cpu: cpu.replace("AMD", "Xeon"),
        cores: 1,
        memory,
        system,
        kernel,
        versions: {},
      }),
      "1 core of a Xeon EPYC, 7.8 GiB, Debian GNU/Linux 12 (bookworm), Linux 6.1.0",
    );
  });

  it("is virtual where x86 says so, and unknown elsewhere", () => {
    assertEquals(
      isVirtual("model\t: 1\nflags\t\t: fpu hypervisor sse\n"),
      true,
    );
    assertEquals(isVirtual("flags\t\t: fpu sse\nbugs\t: hypervisor\n"), false);
    assertEquals(isVirtual("Features\t: fp asimd\n"), undefined);
    assertEquals(isVirtual(undefined), undefined);
  });

  it("calls its system by the pretty name", () => {
    assertEquals(
      systemName('ID=x\nPRETTY_NAME="Some OS 1"\nNAME="Some"\n'),
      "Some OS 1",
    );
    assertEquals(systemName("PRETTY_NAME=Plain\n"), "Plain");
    assertEquals(systemName(undefined), undefined);
  });
});
