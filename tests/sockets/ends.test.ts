import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { after, begun, counted, resumed, say, wireOf } from "../tools/wire.ts";

describe("the end of a namespace, over real sockets", () => {
  const END = 'event:sse-end\ndata:{"namespace":"/a"}\n\n';

  it("ends the streams that hear nothing else, after what came before it", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const reader = await server.open("/subscribe/a");
    const above = await server.open("/subscribe/");
    const both = await server.open("/subscribe/a?ns=/b");
    const below = await server.open("/subscribe/a/x");
    say(server, "1");
    server.sse.end("/a");
    await reader.done();
    const heard = begun("E-0") + "id:E-1\ndata:1\n\n" + `id:E-2\n${END}`;
    assertEquals([reader.body, reader.ending], [wire(heard), "complete"]);
    assertEquals(server.streams, 3);
    say(server, "/b:3");
    for (const client of [above, both]) {
      await client.hears(wire(heard + "id:E-3\ndata:3\n\n"));
    }
    server.sse.end("b/");
    await both.done();
    const last =
      'id:E-3\ndata:3\n\nid:E-4\nevent:sse-end\ndata:{"namespace":"/b"}\n\n';
    assertEquals([both.body, both.ending], [wire(heard + last), "complete"]);
    await above.hears(wire(heard + last));
    assertEquals([below.body, below.ending], [wire(begun("E-0")), "open"]);
    assertEquals(server.streams, 2);
  });

  it("comes in its place for those who come back before it", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1", "2");
    server.sse.end("/a");
    for (const seq of [0, 1, 2]) {
      const client = await server.ask(
        "/subscribe/a",
        after(wire(`E-${seq}`)),
      );
      const missed = ["id:E-1\ndata:1\n\n", "id:E-2\ndata:2\n\n"].slice(seq);
      assertEquals(
        [client.body, client.ending],
        [
          wire(resumed(`E-${seq}`) + missed.join("") + `id:E-3\n${END}`),
          "complete",
        ],
      );
    }
    const gapped = await server.ask("/subscribe/a", after("other-7"));
    assertEquals(gapped.body.endsWith(wire(`id:E-3\n${END}`)), true);
    assertEquals(gapped.ending, "complete");
    assertEquals(server.streams, 0);
  });

  it("is told to newcomers, who get nothing else", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1");
    server.sse.end("/a");
    say(server, "/b:3");
    const newcomer = await server.ask("/subscribe/a");
    assertEquals(
      [newcomer.body, newcomer.ending],
      [wire(begun("E-1") + `id:E-2\n${END}`), "complete"],
    );
    const withLatest = await server.ask("/subscribe/a?latest");
    assertEquals(
      [withLatest.body, withLatest.ending],
      [
        wire(
          ":ok\n\ndata:1\n\n" +
            'id:E-1\nevent:sse-open\ndata:{"resumed":false}\n\n' +
            `id:E-2\n${END}`,
        ),
        "complete",
      ],
    );
  });

  it("is 204 for who has seen it, so that EventSource stops", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1");
    server.sse.end("/a");
    say(server, "/b:3");
    for (const seq of [2, 3]) {
      for (const path of ["/subscribe/a", "/subscribe/a?latest"]) {
        const seen = await server.ask(path, after(wire(`E-${seq}`)));
        assertEquals(
          [path, seen.status, seen.body, seen.header("transfer-encoding")],
          [path, 204, "", undefined],
        );
      }
    }
    // Who only asks hears the same, which is not counted.
    for (const [id, status] of [["E-2", 204], ["E-1", 200]] as const) {
      const asked = await server.ask("/subscribe/a", {
        method: "HEAD",
        ...after(wire(id)),
      });
      assertEquals([id, asked.status], [id, status]);
    }
    // An id from the future is unknown; one of several namespaces is not all.
    const future = await server.ask("/subscribe/a", after(wire("E-4")));
    assertEquals([future.status, future.ending], [200, "complete"]);
    const both = server.send("/subscribe/a?ns=/b", after(wire("E-2")));
    await both.hears(wire(resumed("E-2") + "id:E-3\ndata:3\n\n"));
    server.sse.end("/b");
    const bothSeen = await server.ask(
      "/subscribe/a?ns=/b",
      after(wire("E-4")),
    );
    assertEquals(bothSeen.status, 204);
    const ended = 'refusals_total{reason="ended"}';
    assertEquals(await counted(server, ended), { [ended]: 5 });
  });

  for (const namespace of ["/a", "/a/x"]) {
    it(`is undone by what is broadcast to ${namespace}`, async () => {
      await using server = await start({ history: true });
      const wire = await wireOf(server);
      server.sse.end("/a");
      say(server, `${namespace}:2`);
      const newcomer = await server.open("/subscribe/a");
      await newcomer.hears(wire(begun("E-2")));
      const resumer = server.send("/subscribe/a", after(wire("E-1")));
      await resumer.hears(wire(resumed("E-1") + "id:E-2\ndata:2\n\n"));
      const current = server.send("/subscribe/a", after(wire("E-2")));
      await current.hears(wire(resumed("E-2")));
      say(server, "3");
      await newcomer.hears(wire(begun("E-2") + "id:E-3\ndata:3\n\n"));
      await resumer.hears(
        wire(resumed("E-1") + "id:E-2\ndata:2\n\n" + "id:E-3\ndata:3\n\n"),
      );
      await current.hears(wire(resumed("E-2") + "id:E-3\ndata:3\n\n"));
      // And it can end again.
      server.sse.end("/a");
      for (const client of [newcomer, resumer, current]) {
        await client.done();
        assertEquals(client.body.endsWith(wire(`id:E-4\n${END}`)), true);
        assertEquals(client.ending, "complete");
      }
    });
  }

  it("is not remembered without a history", async () => {
    await using server = await start();
    const reader = await server.open("/subscribe/a");
    say(server, "1");
    server.sse.end("/a");
    await reader.done();
    assertEquals(
      [reader.body, reader.ending],
      [`:ok\n\ndata:1\n\n${END}`, "complete"],
    );
    const next = await server.open("/subscribe/a");
    say(server, "2");
    await next.hears(":ok\n\ndata:2\n\n");
  });
});
