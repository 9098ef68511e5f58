import type { DisconnectReason } from "@sseserver/sseserver";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClock } from "@sseserver/sseserver/testing";
import { freePort } from "../tools/free_port.ts";
import { start } from "../tools/sockets.ts";
import { after, begun, counted, say, wireOf } from "../tools/wire.ts";

/** Longer than any test waits: such a drain has to be cut short. */
const FOR_EVER = 3_600_000;

const CLOSING = 'refusals_total{reason="closing"}';

describe("close({ drain })", () => {
  it("ends the streams one after the other, the oldest first", async () => {
    const ended: { id: number; reason: DisconnectReason; open: number }[] = [];
    const clock = new TestClock();
    await using server = await start({
      retry: 1_000,
      clock,
      onDisconnect: ({ id }, reason) =>
        ended.push({ id, reason, open: server.streams }),
    });
    const clients = await server.openMany(40, "/subscribe/a");
    let isClosed = false;
    const closing = server.sse.close({ drain: 2_000 }).then(() =>
      isClosed = true
    );
    await clock.advance(1_000);
    const open = server.streams;
    assertEquals([isClosed, open], [false, 20]);
    say(server, "news");
    await clock.advance(1_000);
    await closing;

    assertEquals(server.streams, 0);
    const ids = ended.map(({ id }) => id);
    assertEquals(ids, Array.from({ length: 40 }, (_, i) => ids[0]! + i));
    assertEquals(ended.map(({ reason }) => reason), ids.map(() => "closed"));
    // How many were open when each was reported: they ended in many steps.
    const left = ended.map((one) => one.open);
    assertEquals(left, left.toSorted((a, b) => b - a));
    assert(new Set(left).size > 3, `${left}`);
    assert(left[0]! > open, `${left}`);

    let heardNews = 0;
    for (const client of clients) {
      await client.done();
      assertEquals(client.ending, "complete");
      const [, first, news, last] =
        /^:ok\nretry:(\d+)\n\n(data:news\n\n)?retry:(\d+)\n\n$/.exec(
          client.body,
        ) ?? [];
      for (const retry of [first, last].map(Number)) {
        assert(retry >= 500 && retry <= 1_500, client.body);
      }
      if (news !== undefined) heardNews++;
    }
    assertEquals(heardNews, open);
  });

  it("goes on with the history for those who are still open", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const client = await server.open("/subscribe/a");
    const closing = server.sse.close({ drain: FOR_EVER });
    say(server, "1");
    assertEquals(
      await server.sse.publish({ namespace: "/a/x", data: "2" }),
      wire("E-2"),
    );
    const heard = begun("E-0") + "id:E-1\ndata:1\n\n" + "id:E-2\ndata:2\n\n";
    await client.hears(wire(heard));
    server.sse.close();
    await closing;
    await client.done();
    // With `retry: false` it is not told when to come back in parting either.
    assertEquals([client.body, client.ending], [wire(heard), "complete"]);
    say(server, "for nobody");
    assertEquals(server.sse.status().msgs_broadcast, 2);
  });

  it("refuses softly meanwhile, even who has seen the end of all it hears", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const client = await server.open("/subscribe/b");
    say(server, "1");
    server.sse.end("/a");
    const seen = after(wire("E-2"));
    assertEquals((await server.ask("/subscribe/a", seen)).status, 204);
    const closing = server.sse.close({ drain: FOR_EVER });
    const requests: [string, { headers?: Record<string, string> }][] = [
      ["/subscribe/a", seen],
      ["/subscribe/a", {}],
      ["/subscribe/b", after(wire("E-1"))],
      ["/subscribe/b?latest", {}],
    ];
    for (const [path, options] of requests) {
      const refused = await server.ask(path, options);
      assertEquals([refused.status, refused.ending], [200, "complete"]);
      assertMatch(refused.body, /^retry:(1[5-9]|[23]\d|4[0-5])\d{3}\n\n$/);
    }
    const head = await server.ask("/subscribe/b", { method: "HEAD" });
    assertEquals([head.status, head.body], [200, ""]);
    assertEquals(await counted(server, CLOSING, "streams_open"), {
      [CLOSING]: 4,
      streams_open: 1,
    });
    assertEquals(client.ending, "open");
    server.sse.close();
    await closing;
  });

  it("is cut short by a close() without it", async () => {
    await using server = await start({ retry: 1_000 }, {
      port: await freePort(),
    });
    const clients = await server.openMany(20, "/subscribe/a");
    const draining = server.sse.close({ drain: FOR_EVER });
    assertEquals(server.streams, 20);
    // One with it changes nothing.
    const again = server.sse.close({ drain: 1 });
    say(server, "last words");
    for (const client of clients) await client.hearsLast("last words\n\n");
    assertEquals(server.streams, 20);
    await Promise.all([server.sse.close(), draining, again]);
    for (const client of clients) {
      await client.done();
      assertMatch(
        client.body,
        /^:ok\nretry:\d+\n\ndata:last words\n\nretry:\d+\n\n$/,
      );
      assertEquals(client.ending, "complete");
    }
    await using next = await start({}, { port: server.port });
    assertEquals((await next.open("/subscribe/a")).body, ":ok\n\n");
  });

  it("is over at once when nobody is there, or has left", async () => {
    await using empty = await start();
    await empty.sse.close({ drain: FOR_EVER });
    await using server = await start();
    const client = await server.open("/subscribe/a");
    const closing = server.sse.close({ drain: FOR_EVER });
    client.leave();
    await closing;
    assertEquals(server.streams, 0);
  });

  it("throws a RangeError for a bad time, and then closes nothing", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    for (const drain of [-1, 0.5, NaN, Infinity, 3_600_001]) {
      assertThrows(
        () => server.sse.close({ drain }),
        RangeError,
        `Cannot close as 'drain' must be an integer from 0 to 3600000: current value is ${drain}`,
      );
    }
    say(server, "still open");
    await client.hears(":ok\n\ndata:still open\n\n");
    assertEquals((await server.open("/subscribe/a")).body, ":ok\n\n");
    assertEquals(server.sse.status().status, "OK");
  });
});
