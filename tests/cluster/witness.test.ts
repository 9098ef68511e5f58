import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Ledger } from "./ledger.ts";
import { Witness } from "./witness.ts";

const E = "mww4ggbi";
const LATER = "mww4ggbj";

/** Someone who hears `/a`, and what is found wrong. */
class Case {
  readonly failures: string[] = [];
  readonly ledger: Ledger = new Ledger((why) => this.failures.push(why));
  readonly witness: Witness = new Witness(
    ["/a"],
    this.ledger,
    (why) => this.failures.push(why),
  );

  constructor() {
    this.witness.hear({ id: `${E}-0`, name: "sse-open", data: "{}" });
  }

  /** Accepts events of `/a`, the `n`th under the place `n`. */
  accept(...numbers: number[]): this {
    for (const n of numbers) {
      this.ledger.sent(`node1 ${n}`, "/a");
      this.ledger.accept(`node1 ${n}`, `${E}-${n}`);
    }
    return this;
  }

  hear(...numbers: number[]): this {
    for (const n of numbers) {
      const data = `node1 ${n} /a xxx`;
      this.witness.hear({ id: `${E}-${n}`, name: "", data });
    }
    return this;
  }

  gap(from: string, to: string, id = to): this {
    const data = JSON.stringify({ from, to, reason: "trimmed" });
    this.witness.hear({ id, name: "sse-gap", data });
    return this;
  }

  /** What is wrong in the end. */
  judge(): { missing: number; excused: number; failures: string[] } {
    const judged = this.witness.judge(this.ledger.inOrder());
    return { ...judged, failures: this.failures };
  }
}

const FINE = { missing: 0, excused: 0, failures: [] };

describe("the judge of the cluster's stress", () => {
  it("finds nothing wrong where all has come", () => {
    assertEquals(new Case().accept(1, 2, 3).hear(1, 2, 3).judge(), FINE);
  });

  it("finds what is missing", () => {
    assertEquals(new Case().accept(1, 2, 3).hear(1, 3).judge(), {
      missing: 1,
      excused: 0,
      failures: [`node1 2 is missing, at ${E}-2`],
    });
  });

  it("excuses what lies within a gap, and nothing else", () => {
    const within = new Case().accept(1, 2, 3, 4).hear(1)
      .gap(`${E}-1`, `${E}-3`).hear(4);
    assertEquals(within.judge(), { ...FINE, excused: 2 });
    const before = new Case().accept(1, 2, 3, 4).hear(1)
      .gap(`${E}-2`, `${E}-3`).hear(4);
    assertEquals(before.judge().missing, 1);
    const across = new Case().accept(1, 2).hear(1)
      .gap(`${E}-1`, `${LATER}-0`);
    assertEquals(across.judge(), { ...FINE, excused: 1 });
  });

  it("holds a keepalive's id to what it says", () => {
    const { witness, ...rest } = new Case().accept(1, 2).hear(1);
    witness.hear({ id: `${E}-2`, name: "", data: undefined });
    assertEquals(rest.failures, []);
    assertEquals(witness.judge(rest.ledger.inOrder()).missing, 1);
  });

  it("finds repeats, and what comes too late", () => {
    assertEquals(new Case().accept(1, 2).hear(1, 2, 2).failures, [
      `${E}-2 came again, or too late: after ${E}-2`,
    ]);
    assertEquals(new Case().accept(1, 2).hear(2, 1).failures.length, 2);
  });

  it("finds an event that was published twice, or in another's place", () => {
    const twice = new Case().accept(1).hear(1);
    twice.witness.hear({ id: `${E}-2`, name: "", data: "node1 1 /a xxx" });
    assertEquals(twice.failures, [
      `node1 1 was published twice: as ${E}-1 and ${E}-2`,
    ]);
    const other = new Case().accept(1);
    other.ledger.sent("bun1 1", "/a");
    other.ledger.accept("bun1 1", `${E}-1`);
    assertEquals(other.failures, [
      `${E}-1 stands for two events: node1 1 and bun1 1`,
    ]);
  });

  it("finds an event that was refused and came all the same", () => {
    for (const order of ["refused first", "delivered first"]) {
      const one = new Case();
      one.ledger.sent("node1 1", "/a");
      if (order === "refused first") one.ledger.refuse("node1 1", "away");
      one.hear(1);
      if (order === "delivered first") one.ledger.refuse("node1 1", "away");
      assertEquals(one.failures.length, 1, order);
    }
  });

  it("finds what was not asked for", () => {
    const { witness, failures } = new Case();
    witness.hear({ id: `${E}-1`, name: "", data: "node1 1 /ab xxx" });
    assertEquals(failures, [`${E}-1 of /ab was not asked for`]);
  });
});
