import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { systemClock } from "../../src/clock.ts";
import { start } from "../tools/sockets.ts";
import { after, counted, gapped, resumed, say, wireOf } from "../tools/wire.ts";

describe("a client whose id the history cannot go on from", () => {
  it("is told what was trimmed, then gets what is still there", async () => {
    await using server = await start({ history: { messages: 2 } });
    const wire = await wireOf(server);
    say(server, "1", "2", "3", "4");
    const rest = "id:E-3\ndata:3\n\n" + "id:E-4\ndata:4\n\n";
    for (const seq of [0, 1]) {
      const client = server.send("/subscribe/a", after(wire(`E-${seq}`)));
      await client.hears(
        wire(gapped("E-2", `E-${seq}`, "E-2", "trimmed") + rest),
      );
    }
    const uptodate = server.send("/subscribe/a", after(wire("E-2")));
    await uptodate.hears(wire(resumed("E-2") + rest));
    assertEquals(await counted(server, "replays_total", "gaps_total"), {
      replays_total: 1,
      gaps_total: 2,
    });
  });

  it("is told what became too old", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await using server = await start({ history: { age: 300_000 }, clock });
    const wire = await wireOf(server);
    say(server, "1");
    ahead += 200_000;
    say(server, "2");
    ahead += 100_000;
    await server.send("/subscribe/a", after(wire("E-0"))).hears(
      wire(gapped("E-1", "E-0", "E-1", "trimmed") + "id:E-2\ndata:2\n\n"),
    );
    await server.send("/subscribe/a", after(wire("E-1"))).hears(
      wire(resumed("E-1") + "id:E-2\ndata:2\n\n"),
    );
    ahead += 200_000;
    // What is too old to be replayed is still the last that came.
    const client = server.send("/subscribe/a?latest", after(wire("E-1")));
    const trimmed = JSON.stringify({
      from: "E-1",
      to: "E-2",
      reason: "trimmed",
    });
    await client.hears(wire(
      `:ok\n\nid:E-2\nevent:sse-gap\ndata:${trimmed}\n\n` + "data:2\n\n" +
        'id:E-2\nevent:sse-open\ndata:{"resumed":false}\n\n',
    ));
  });

  it("is told nothing where only others' events were trimmed", async () => {
    await using server = await start({ history: { messages: 3 } });
    const wire = await wireOf(server);
    say(server, "/quiet:1", ..."23456789".split("").map((n) => `/busy:${n}`));
    const missed = server.send("/subscribe/quiet", after(wire("E-0")));
    await missed.hears(wire(resumed("E-0") + "id:E-1\ndata:1\n\n"));
    const nothing = server.send("/subscribe/quiet", after(wire("E-1")));
    await nothing.hears(wire(resumed("E-1")));
    const busy = server.send("/subscribe/busy", after(wire("E-1")));
    await busy.hears(wire(
      gapped("E-7", "E-1", "E-7", "trimmed") + "id:E-8\ndata:8\n\n" +
        "id:E-9\ndata:9\n\n",
    ));
  });

  it("is told of another epoch, then gets everything from its beginning", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "/b:1", "2", "/b:3", "4");
    const client = server.send("/subscribe/a", after("anotherEpoch1-3"));
    const heard = gapped("E-1", "anotherEpoch1-3", "E-1", "epoch") +
      "id:E-2\ndata:2\n\n" + "id:E-4\ndata:4\n\n";
    await client.hears(wire(heard));
    say(server, "/b:5", "6");
    await client.hears(wire(heard + "id:E-6\ndata:6\n\n"));
    // Nothing under its namespace is there yet: it stands in the present.
    const other = server.send("/subscribe/c", after("anotherEpoch1-3"));
    await other.hears(
      wire(gapped("E-6", "anotherEpoch1-3", "E-6", "epoch")),
    );
  });

  it("is told that its id is unknown, in words that cannot forge an event", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1");
    const unknown: Record<string, string> = {
      garbage: "garbage",
      "0": "0",
      "-1": "-1",
      // From the future: not one that this server can have given yet.
      [wire("E-2")]: wire("E-2"),
      [wire("E-01")]: wire("E-01"),
      [wire("E-1x")]: wire("E-1x"),
      [wire("E-9007199254740993")]: wire("E-9007199254740993"),
      '"quotes" and \\': '"quotes" and \\',
      // Cut to 64 characters.
      ["x".repeat(65)]: "x".repeat(64),
      ["x".repeat(5_000)]: "x".repeat(64),
    };
    for (const [id, from] of Object.entries(unknown)) {
      const client = server.send("/subscribe/a", after(id));
      await client.hears(
        wire(gapped("E-0", from, "E-0", "unknown") + "id:E-1\ndata:1\n\n"),
      );
    }
    const encoded: Record<string, string> = {
      "a%0Adata:forged%0D%0A%0D%0Aid:E-1":
        '"a\\ndata:forged\\r\\n\\r\\nid:E-1"',
      "%00%7F%22%5C": '"\\u0000\u007f\\"\\\\"',
      "%C3%A9%F0%9F%90%95": '"é🐕"',
      // The cut goes through the middle of a dog.
      ["x".repeat(63) + "%F0%9F%90%95"]: `"${"x".repeat(63)}\\ud83d"`,
    };
    for (const [id, from] of Object.entries(encoded)) {
      const client = server.send(`/subscribe/a?lastEventId=${id}`);
      await client.hears(
        wire(":ok\n\nid:E-0\nevent:sse-gap\n") +
          `data:{"from":${from},"to":"${wire("E-0")}","reason":"unknown"}\n\n` +
          wire(
            'id:E-0\nevent:sse-open\ndata:{"resumed":false}\n\n' +
              "id:E-1\ndata:1\n\n",
          ),
      );
    }
  });

  it("is told once it reads more slowly than the history forgets", async () => {
    await using server = await start({ history: { bytes: 24 * 1024 * 1024 } });
    const wire = await wireOf(server);
    const data = "x".repeat(32 * 1024);
    for (let i = 0; i < 512; i++) say(server, data);
    const slow = server.send("/subscribe/a", after(wire("E-0")));
    slow.stall();
    await server.settles(1);
    // Far more than the kernel holds for it, so that it is still on its way.
    for (let i = 512; i < 2_048; i++) say(server, data);
    slow.socket.resume();
    await slow.hearsLast(wire(`id:E-2048\ndata:${data}\n\n`));
    const [before, gap, behind] = slow.body.split(
      /id:[0-9a-z]+-\d+\nevent:sse-gap\ndata:(.*)\n\n/,
    );
    const { from, to, reason } = JSON.parse(gap!);
    assertEquals(reason, "lagged");
    const [last, next] = [from, to].map((id: string) => +id.split("-")[1]!);
    const events = (first: number, end: number) =>
      Array.from(
        { length: end - first + 1 },
        (_, i) => `id:E-${first + i}\ndata:${data}\n\n`,
      ).join("");
    // Not assertEquals: it would print all of it.
    assert(before === wire(resumed("E-0") + events(1, last!)));
    assert(behind === wire(events(next! + 1, 2_048)));
  });
});
