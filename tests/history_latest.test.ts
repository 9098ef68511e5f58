import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { encodeEnd } from "../src/notice.ts";
import {
  chunksOf,
  gap,
  HistoryFixture,
  opening,
} from "./tools/history_fixture.ts";
import { decode } from "./tools/hub_fixture.ts";

describe("the last messages", () => {
  it("are those of each namespace, oldest first, without ids", () => {
    const fixture = new HistoryFixture();
    for (const n of ["/a/x", "/a/y", "/b", "/a/x", "/a"]) fixture.add(n, n);
    assertEquals(
      fixture.heard("", ["/a"], true),
      "data:/a/y\n\ndata:/a/x\n\ndata:/a\n\n" + opening("e-5", false),
    );
    assertEquals(fixture.heard("", ["/c"], true), opening("e-5", false));
    // A valid id beats them; after a gap they are sent.
    assertEquals(fixture.heard("e-5", ["/a"], true), opening("e-5", true));
    assertEquals(
      fixture.heard("f-5", ["/b"], true),
      gap("e-2", "f-5", "e-2", "epoch") + opening("e-2", false) +
        "id:e-3\ndata:/b\n\n",
    );
  });

  it("are as things stood when the client came, and what came since follows", () => {
    const fixture = new HistoryFixture();
    fixture.add("/a", "1");
    fixture.add("/b", "2");
    const { notices, replay } = fixture.history.open({
      namespaces: ["/"],
      lastEventId: "",
      latest: true,
    });
    fixture.add("/a", "3");
    fixture.add("/a", "4");
    assertEquals(
      notices + decode(chunksOf(replay).map(({ bytes }) => bytes)),
      "data:1\n\ndata:2\n\n" + opening("e-2", false) +
        "id:e-3\ndata:3\n\nid:e-4\ndata:4\n\n",
    );
  });

  it("are the newest of all namespaces that were asked for", () => {
    const fixture = new HistoryFixture();
    for (let i = 0; i < 1_999; i++) fixture.add(`/a/${i}`, "a");
    for (let i = 0; i < 500; i++) fixture.add(`/b/${i}`, "b");
    const heard = fixture.heard("", ["/a", "/b"], true);
    assertEquals(
      ["a", "b"].map((data) => heard.split(`data:${data}\n`).length - 1),
      [500, 500],
    );
  });

  it("are not another client's, who came at another time", () => {
    const fixture = new HistoryFixture();
    fixture.add("/a/1", "one");
    fixture.add("/a/2", "two");
    fixture.add("/a/3", "three");
    const first = fixture.heard("", ["/a"], true);
    assert(first.startsWith("data:one\n\ndata:two\n\ndata:three\n\n"));
    const seq = 4;
    const body = encodeEnd("/a/2");
    fixture.history.add({ epoch: "e", seq, namespace: "/a/2", body });
    assertEquals(
      fixture.heard("", ["/a"], true),
      "data:one\n\ndata:three\n\n" + opening("e-4", false),
    );
  });

  it("come again after a gap, and the stream opens after that", () => {
    const fixture = new HistoryFixture({ messages: 3 });
    fixture.add("/a", "1");
    const { replay } = fixture.history.open({
      namespaces: ["/"],
      lastEventId: "",
      latest: true,
    });
    for (let i = 2; i < 6; i++) fixture.add("/a", `${i}`);
    assertEquals(
      decode(chunksOf(replay).map(({ bytes }) => bytes)),
      gap("e-2", "e-1", "e-2", "lagged") + opening("e-2", false) +
        "id:e-3\ndata:3\n\nid:e-4\ndata:4\n\nid:e-5\ndata:5\n\n",
    );
  });

  it("are the newest 1,000", () => {
    const fixture = new HistoryFixture();
    for (let i = 0; i < 1_200; i++) fixture.add(`/${i}`, `${i}`);
    const heard = fixture.heard("", ["/"], true);
    assertEquals(heard.match(/^data:\d+$/gm)?.length, 1_000);
    assert(heard.startsWith("data:200\n\n"));
  });

  it("are as many as make a megabyte, and one at least", () => {
    const fixture = new HistoryFixture();
    fixture.add("/x", "old");
    for (let i = 0; i < 5; i++) fixture.add(`/${i}`, "x".repeat(300_000));
    assertEquals(
      fixture.heard("", ["/"], true).match(/^data:x+$/gm)?.length,
      3,
    );
    fixture.add("/y", "y".repeat(2_000_000));
    assertEquals(
      fixture.heard("", ["/"], true),
      `data:${"y".repeat(2_000_000)}\n\n` + opening("e-7", false),
    );
  });
});
