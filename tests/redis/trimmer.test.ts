import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Trimmer } from "../../src/engines/redis/trimmer.ts";

const BOUNDS = { messages: 1_000, bytes: 1_000, age: 100_000 };

describe("what is trimmed in Redis", () => {
  it("is what was there before the age of a history", () => {
    const trimmer = new Trimmer(BOUNDS);
    const look = (seq: number, now: number) =>
      trimmer.look({ epoch: 1, seq }, seq, now)?.seq;
    assertEquals(look(10, 0), undefined);
    assertEquals(look(20, 50_000), undefined);
    assertEquals(look(30, 99_999), undefined);
    assertEquals(look(40, 100_000), 11);
    assertEquals(look(40, 120_000), undefined);
    assertEquals(look(40, 150_000), 21);
  });

  it("is what came before the bytes of a history", () => {
    const trimmer = new Trimmer(BOUNDS);
    const look = (seq: number, bytes: number, now: number) =>
      trimmer.look({ epoch: 1, seq }, bytes, now)?.seq;
    assertEquals(look(1, 0, 0), undefined);
    assertEquals(look(2, 1_000, 1_000), undefined);
    assertEquals(look(3, 1_001, 2_000), 2);
    assertEquals(look(9, 9_000, 3_000), 4);
  });
});
