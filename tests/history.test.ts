import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import {
  chunksOf,
  gap,
  HistoryFixture,
  MINUTE,
  opening,
} from "./tools/history_fixture.ts";
import { decode } from "./tools/hub_fixture.ts";

const encoder = new TextEncoder();

describe("a history", () => {
  it("keeps what a quiet namespace got in ten minutes beside one with 20,000 events a second", () => {
    const fixture = new HistoryFixture({
      messages: 10_000,
      bytes: 16 * 1024 * 1024,
      age: 15 * MINUTE,
    });
    const body = encoder.encode("data:busy\n\n");
    let seq = 0;
    const ids: string[] = [];
    for (let minute = 0; minute < 10; minute++) {
      fixture.history.add({
        epoch: "e",
        seq: ++seq,
        namespace: "/quiet",
        body: encoder.encode(`data:${minute}\n\n`),
      });
      ids.push(`e-${seq}`);
      for (let i = 0; i < 60 * 20_000; i++) {
        if (i % 1_000 === 0) fixture.now += 50;
        fixture.history.add({
          epoch: "e",
          seq: ++seq,
          namespace: "/busy",
          body,
        });
      }
    }
    assertEquals(
      fixture.heard(ids[0]!, ["/quiet"]),
      opening(ids[0]!, true) +
        ids.slice(1).map((id, i) => `id:${id}\ndata:${i + 1}\n\n`).join(""),
    );
    // Nothing came to it or below it.
    assertEquals(fixture.heard("e-1", ["/silent"]), opening("e-1", true));
    assertEquals(fixture.counters.gaps, 0);
    assertEquals(fixture.history.size.messages, 10_000);
    assert(
      fixture.heard(ids[0]!, ["/busy"]).startsWith("id:e-"),
      "the busy one's clients are told",
    );
    assertEquals(fixture.counters.gaps, 1);
  });

  it("tells of a gap only where something was forgotten after the client's id", () => {
    const fixture = new HistoryFixture({ messages: 3 });
    const first = fixture.add("/a/x", "1");
    const second = fixture.add("/a/x", "2");
    fixture.add("/b", "3");
    fixture.add("/a/x", "4");
    // The first of /a/x has gone: whoever had it misses nothing.
    assertEquals(
      fixture.heard(first, ["/a"]),
      opening(first, true) + "id:e-2\ndata:2\n\nid:e-4\ndata:4\n\n",
    );
    fixture.add("/a/x", "5");
    assertEquals(
      fixture.heard(first, ["/a"]),
      gap("e-3", "e-1", "e-3", "trimmed") + opening("e-3", false) +
        "id:e-4\ndata:4\n\nid:e-5\ndata:5\n\n",
    );
    assertEquals(
      fixture.heard(second, ["/a"]),
      opening(second, true) + "id:e-4\ndata:4\n\nid:e-5\ndata:5\n\n",
    );
    assertEquals(
      fixture.heard(first, ["/b"]),
      opening(first, true) + "id:e-3\ndata:3\n\n",
    );
    assertEquals(fixture.heard(first, ["/a/y"]), opening(first, true));
  });

  it("tells of a gap where some of what follows is still there", () => {
    const fixture = new HistoryFixture({ messages: 4 });
    fixture.add("/a/busy", "1");
    fixture.add("/a/quiet", "2");
    for (let i = 3; i <= 8; i++) fixture.add("/a/busy", `${i}`);
    // 2 and 6 to 8 are left.
    assertEquals(
      fixture.heard("e-1", ["/a"]),
      gap("e-1", "e-1", "e-5", "trimmed") + opening("e-1", false) +
        "id:e-2\ndata:2\n\nid:e-6\ndata:6\n\nid:e-7\ndata:7\n\nid:e-8\ndata:8\n\n",
    );
  });

  it("begins with all there is for an id that it cannot have given", () => {
    const fixture = new HistoryFixture();
    fixture.add("/a", "1");
    fixture.add("/b", "2");
    fixture.add("/a", "3");
    const all = opening("e-0", false) + "id:e-1\ndata:1\n\nid:e-3\ndata:3\n\n";
    for (const id of ["e-4", "e-", "e-01", "e--1", "e-1e3", "x".repeat(65)]) {
      assertEquals(
        fixture.heard(id, ["/a"]),
        gap("e-0", id.slice(0, 64), "e-0", "unknown") + all,
      );
    }
    assertEquals(
      fixture.heard("other-2", ["/a"]),
      gap("e-0", "other-2", "e-0", "epoch") + all,
    );
    assertEquals(
      fixture.heard('"\n\u0000', ["/none"]),
      gap("e-3", '"\n\u0000', "e-3", "unknown") + opening("e-3", false),
    );
  });

  it("forgets what is too old, but for the last of each namespace", () => {
    const fixture = new HistoryFixture({ age: MINUTE });
    fixture.add("/a", "1");
    fixture.add("/a", "2");
    fixture.add("/b", "3");
    fixture.now += MINUTE / 2;
    fixture.add("/c", "4");
    fixture.now += MINUTE / 2;
    assertEquals(
      fixture.heard("e-1", ["/a"]),
      gap("e-4", "e-1", "e-4", "trimmed") + opening("e-4", false),
    );
    assertEquals(
      fixture.heard("e-3", ["/"]),
      opening("e-3", true) + "id:e-4\ndata:4\n\n",
    );
    assertEquals(fixture.history.size.messages, 3);
    // Those can still be asked for as such.
    assertEquals(
      fixture.heard("", ["/"], true),
      "data:2\n\ndata:3\n\ndata:4\n\n" + opening("e-4", false),
    );
    fixture.add("/a", "5");
    assertEquals(fixture.history.size.messages, 3);
    assertEquals(
      fixture.heard("", ["/"], true),
      "data:3\n\ndata:4\n\ndata:5\n\n" + opening("e-5", false),
    );
  });

  it("takes from those that hold most, the oldest first among equals", () => {
    const namespaces = ["/", "/a", "/a/b", "/c", "/d"];
    fc.assert(fc.property(
      fc.array(fc.constantFrom(...namespaces), { maxLength: 200 }),
      fc.integer({ min: 1, max: 30 }),
      (adds, messages) => {
        const fixture = new HistoryFixture({ messages });
        const held: { namespace: string; seq: number }[] = [];
        adds.forEach((namespace, i) => {
          fixture.add(namespace, "x");
          held.push({ namespace, seq: i + 1 });
          if (held.length <= messages) return;
          const most = Math.max(
            ...namespaces.map((one) => levelOf(countOf(held, one))),
          );
          held.splice(
            held.findIndex(({ namespace }) =>
              levelOf(countOf(held, namespace)) === most
            ),
            1,
          );
        });
        const heard = [
          ...fixture.heard("nothing", ["/"]).matchAll(
            /id:e-(\d+)\ndata:x/g,
          ),
        ].map(([, seq]) => Number(seq));
        assertEquals(heard, held.map(({ seq }) => seq));
      },
    ));
    function countOf(held: { namespace: string }[], namespace: string) {
      return held.filter((one) => one.namespace === namespace).length;
    }
    // What all of these weigh is the same but for a few bytes of their ids.
    function levelOf(count: number) {
      return count === 0 ? -1 : Math.floor(Math.log2(count) * 4);
    }
  });

  it("keeps within its bytes, and does not keep what alone is larger", () => {
    const fixture = new HistoryFixture({ bytes: 1_000 });
    for (let i = 0; i < 100; i++) fixture.add(`/${i % 7}`, "y".repeat(i * 7));
    assertLessOrEqual(fixture.history.size.bytes, 1_000);
    const id = fixture.add("/large", "z".repeat(2_000));
    assertLessOrEqual(fixture.history.size.bytes, 1_000);
    assertEquals(
      fixture.heard("e-100", ["/large"]),
      gap(id, "e-100", id, "trimmed") + opening(id, false),
    );
  });

  it("shares what it joins with everyone who comes to the same place", () => {
    const fixture = new HistoryFixture();
    for (let i = 0; i < 110; i++) fixture.add(`/n/${i % 3}`, `${i}`);
    const joined = new Set<Uint8Array>();
    let bytes = 0;
    for (let i = 0; i < 10_000; i++) {
      const { replay } = fixture.history.open({
        namespaces: ["/n"],
        lastEventId: `e-${i % 10}`,
        latest: false,
      });
      for (const chunk of chunksOf(replay)) {
        joined.add(chunk.bytes);
        bytes += chunk.bytes.length;
      }
    }
    assertEquals(joined.size, 10);
    assertLess(bytes, 10_000 * 2_000);
    assertEquals(fixture.counters.replays, 10_000);
  });

  it("replays long ones in parts and short ones together", () => {
    const fixture = new HistoryFixture();
    fixture.add("/a", "1".repeat(200_000));
    for (let i = 0; i < 1_000; i++) fixture.add("/a", "2".repeat(100));
    const { replay } = fixture.history.open({
      namespaces: ["/a"],
      lastEventId: "e-0",
      latest: false,
    });
    const chunks = chunksOf(replay);
    const sizes = chunks.map(({ bytes }) => bytes.length);
    assertEquals(sizes.slice(0, 3), [63 * 1024, 63 * 1024, 63 * 1024]);
    assertEquals(chunks.slice(0, 4).map(({ events }) => events), [0, 0, 0, 1]);
    assertLessOrEqual(Math.max(...sizes.slice(4)), 63 * 1024);
    assertLess(chunks.length, 8);
    assertEquals(
      chunks.reduce((sum, { events }) => sum + events, 0),
      1_001,
    );
  });

  it("merges several namespaces in their order", () => {
    const fixture = new HistoryFixture();
    for (let i = 1; i <= 30; i++) fixture.add(`/${"abc"[i % 3]}/x`, `${i}`);
    assertEquals(
      fixture.heard("e-3", ["/a", "/c/x"]),
      opening("e-3", true) +
        Array.from({ length: 27 }, (_, i) => i + 4).filter((i) => i % 3 !== 1)
          .map((i) => `id:e-${i}\ndata:${i}\n\n`).join(""),
    );
  });

  it("begins anew with another epoch, and tells who was on the way", () => {
    const fixture = new HistoryFixture();
    for (let i = 0; i < 5; i++) fixture.add("/a", "x".repeat(60_000));
    const { replay } = fixture.history.open({
      namespaces: ["/a"],
      lastEventId: "e-1",
      latest: false,
    });
    replay!.next();
    assertEquals(
      fixture.addAt("f", 1, "/a"),
      gap("f-0", "e-5", "f-0", "epoch"),
    );
    assertEquals(
      decode(chunksOf(replay).map(({ bytes }) => bytes)),
      gap("f-0", "e-2", "f-0", "epoch") + "id:f-1\ndata:new\n\n",
    );
  });

  it("tells everyone of what its engine never delivered", () => {
    const fixture = new HistoryFixture();
    fixture.add("/a", "1");
    assertEquals(
      fixture.addAt("e", 5, "/a"),
      gap("e-4", "e-1", "e-4", "trimmed"),
    );
    assertEquals(
      fixture.heard("e-1", ["/b"]),
      gap("e-5", "e-1", "e-5", "trimmed") + opening("e-5", false),
    );
    assertEquals(
      fixture.heard("e-3", ["/b"]),
      gap("e-5", "e-3", "e-5", "trimmed") + opening("e-5", false),
    );
    assertEquals(fixture.heard("e-4", ["/b"]), opening("e-4", true));
  });

  it("gives keepalives the id of the last event", () => {
    const fixture = new HistoryFixture();
    assertEquals(decode([fixture.history.keepAlive]), "id:e-0\n\n");
    fixture.add("/a");
    assertEquals(decode([fixture.history.keepAlive]), "id:e-1\n\n");
    assertStrictEquals(fixture.history.keepAlive, fixture.history.keepAlive);
  });
});
