import { assertEquals, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Remembered } from "../src/history/remembered.ts";
import { SlabEncoder } from "../src/slab.ts";
import {
  gap,
  HistoryFixture,
  MINUTE,
  opening,
} from "./tools/history_fixture.ts";

describe("what is remembered", () => {
  it("keeps no more memory alive than twice what it holds", () => {
    const remembered = new Remembered({
      messages: 2_000,
      bytes: 1_000_000,
      age: MINUTE,
    });
    const slabs = new SlabEncoder();
    for (let seq = 1; seq <= 300_000; seq++) {
      const namespace = seq % 1_000 === 0 ? `/quiet/${seq}` : "/busy";
      const frame = slabs.encode(
        `id:e-${seq}\ndata:`,
        "x".repeat(40),
        "\n\n",
      );
      remembered.add(namespace, seq, frame, false, 0);
    }
    const { entries } = remembered.node("/")!;
    const buffers = new Set<ArrayBuffer>();
    let live = 0;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries.at(i)!;
      if (entry.gone) continue;
      live++;
      buffers.add(entry.frame.buffer);
    }
    assertEquals(live, 2_000);
    let kept = 0;
    for (const { byteLength } of buffers) kept += byteLength;
    // Slabs of 64 KiB: that which is being filled, and those of what has been
    // forgotten since the last look, 256 KiB.
    assertLess(kept, remembered.bytes * 2 + 6 * 65_536);
  });

  it("knows of a bounded number of namespaces, and rather tells of a gap too many", () => {
    const fixture = new HistoryFixture({ messages: 100 });
    for (let i = 0; i < 10_050; i++) fixture.add(`/room/${i}`, "x");
    // Room 0 lost its event in sight of all.
    assertEquals(
      fixture.heard("e-0", ["/room/0"]),
      gap("e-10050", "e-0", "e-10050", "trimmed") + opening("e-10050", false),
    );
    assertEquals(
      fixture.heard("e-1", ["/room/never"]),
      opening("e-1", true),
    );
    // With 10,000 rooms more, the first are known by what is above them only.
    for (let i = 0; i < 10_000; i++) fixture.add(`/hall/${i}`, "x");
    assertEquals(
      fixture.heard("e-0", ["/room/0"]).startsWith("id:e-20050\nevent:sse-gap"),
      true,
    );
    assertEquals(
      fixture.heard("e-1", ["/room/never"])
        .startsWith("id:e-20050\nevent:sse-gap"),
      true,
    );
    assertEquals(
      fixture.heard("e-20049", ["/room/never"]),
      opening("e-20049", true),
    );
    assertEquals(fixture.heard("e-1", ["/hull"]), opening("e-1", true));
  });

  it("knows of as many where each of them has one above of its own", () => {
    const fixture = new HistoryFixture({ messages: 100 });
    for (let i = 0; i < 30_000; i++) fixture.add(`/users/${i}/orders`, "x");
    assertEquals(
      fixture.heard("e-29000", ["/users/28998/orders"]),
      opening("e-29000", true),
    );
    assertEquals(
      fixture.heard("e-29000", ["/users/29000/orders"])
        .startsWith("id:e-30000\nevent:sse-gap"),
      true,
    );
    assertEquals(fixture.history.size.messages, 100);
  });
});
