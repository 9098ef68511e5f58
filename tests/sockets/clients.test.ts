import type { DisconnectReason } from "@sseserver/sseserver";
import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

/** 64 KiB: many of them fill a socket's buffers, about 4 MB on loopback. */
const LARGE = "x".repeat(64 * 1024);

describe("a client over a real socket", () => {
  it("gets head and first chunk without an event", async () => {
    await using server = await start({ retry: 2_000 });
    const client = await server.open("/subscribe/quiet");
    assertEquals(client.status, 200);
    assertMatch(client.body, /^:ok\nretry:\d{4}\n\n$/);
    const retry = Number(/\d+/.exec(client.body)![0]);
    assertEquals(retry >= 1_000 && retry < 3_000, true);
    assertEquals(client.ending, "open");
  });

  const leaving = {
    "closes with a FIN": "leave",
    "resets the connection": "reset",
    "closes its half of the connection": "halfClose",
  } as const;
  for (const [name, how] of Object.entries(leaving)) {
    it(`is gone for the server once it ${name}`, async () => {
      const left: [string, DisconnectReason][] = [];
      await using server = await start({
        onDisconnect: ({ requestPath }, reason) =>
          left.push([requestPath, reason]),
      });
      const leaver = await server.open("/subscribe/a");
      const other = await server.open("/subscribe/b");
      assertEquals(server.streams, 2);
      leaver[how]();
      await until(() => left.length > 0, "onDisconnect");
      assertEquals(left, [["/subscribe/a", "client"]]);
      assertEquals(
        server.sse.status().connections.map((one) => one.request_path),
        ["/subscribe/b"],
      );
      server.sse.broadcast({ namespace: "/b", data: "still here" });
      await other.hears(":ok\n\ndata:still here\n\n");
    });
  }

  it("is cut off with the reason stalled once it stops reading", async () => {
    const left: [string, DisconnectReason][] = [];
    await using server = await start({
      stallTimeout: 300,
      maxLag: 256 * 1024 * 1024,
      onDisconnect: ({ requestPath }, reason) =>
        left.push([requestPath, reason]),
    });
    const stalled = await server.open("/subscribe/a/stalled");
    stalled.stall();
    await until(() => {
      server.sse.broadcast({ namespace: "/a/stalled", data: LARGE });
      return left.length > 0;
    }, "the stalled reader to be cut off");
    assertEquals(left, [["/subscribe/a/stalled", "stalled"]]);
    assertEquals(server.streams, 0);
  });

  it("is cut off with the reason slow once it falls too far behind", async () => {
    const left: [string, DisconnectReason][] = [];
    await using server = await start({
      maxLag: 256 * 1024,
      onDisconnect: ({ userAgent }, reason) => left.push([userAgent, reason]),
    });
    const slow = await server.open("/subscribe/a", {
      headers: { "User-Agent": "slow" },
    });
    const good = await server.open("/subscribe/a", {
      headers: { "User-Agent": "good" },
    });
    slow.stall();
    let sent = 0;
    await until(() => {
      // Only as fast as the good one reads.
      if (good.body.length > sent * LARGE.length) {
        server.sse.broadcast({ namespace: "/a", data: LARGE });
        sent++;
      }
      return left.length > 0;
    }, "the slow reader to be cut off");
    assertEquals(left, [["slow", "slow"]]);
    await good.hears(":ok\n\n" + `data:${LARGE}\n\n`.repeat(sent));
    assertEquals(server.streams, 1);
  });

  it("that is merely idle is never cut off", async () => {
    await using server = await start({ stallTimeout: 50, keepAlive: 20 });
    const idle = await server.open("/subscribe/idle");
    await until(() => idle.body.split(":keepalive\n").length > 20);
    server.sse.broadcast({ namespace: "/idle", data: "x" });
    // A keepalive may have followed by the time that one looks.
    await idle.hearsSomewhere("data:x\n\n");
    assertMatch(idle.body, /^:ok\n\n(:keepalive\n)+data:x\n\n(:keepalive\n)*$/);
    assertEquals(server.streams, 1);
  });
});
