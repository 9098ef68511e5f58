import type { DisconnectReason } from "@sseserver/sseserver";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { systemClock } from "../../src/clock.ts";
import { Streams } from "../../src/http/streams.ts";
import { EVERYTHING } from "../../src/grant.ts";
import { Hub } from "../../src/hub.ts";
import { serverSettingsOf } from "../../src/server_settings.ts";
import { parseNamespacePath } from "../../src/namespace.ts";
import { NOTHING } from "../tools/hub_fixture.ts";
import { start } from "../tools/sockets.ts";
import type { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

const WAYS = ["leave", "reset", "halfClose"] as const;

describe("10,000 clients that come and go", () => {
  it("leave every map and counter as it was", async () => {
    const count = { connected: 0, disconnected: 0 };
    const reasons = new Set<DisconnectReason>();
    const ids = new Set<number>();
    await using server = await start({
      onConnect({ id }) {
        count.connected++;
        ids.add(id);
      },
      onDisconnect({ id }, reason) {
        count.disconnected++;
        ids.delete(id);
        reasons.add(reason);
      },
    });
    for (let batch = 0; batch < 50; batch++) {
      const clients = await Promise.all(
        Array.from(
          { length: 200 },
          (_, i) => server.open(`/subscribe/${batch}/${i % 20}?ns=/${i % 7}`),
        ),
      );
      assertEquals(server.streams, 200);
      server.sse.broadcast({ namespace: `/${batch}/3`, data: "x" });
      for (const [i, client] of clients.entries()) client[WAYS[i % 3]!]();
      await server.settles(0);
      for (const client of clients) client.leave();
    }
    await until(() => count.disconnected === 10_000, "all onDisconnect calls");
    assertEquals(count, { connected: 10_000, disconnected: 10_000 });
    assertEquals([...reasons], ["client"]);
    assertEquals(ids.size, 0);
    assertEquals(server.sse.status().msgs_broadcast, 50);
    const client = await server.open("/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: "as ever" });
    await client.hears(":ok\n\ndata:as ever\n\n");
  });

  it("leave nothing in the hub, whichever way they went", async () => {
    const settings = serverSettingsOf({ retry: false, stallTimeout: 300 });
    const reasons = new Map<DisconnectReason, number>();
    const hub = new Hub({
      ...settings,
      clock: systemClock,
      ordered() {},
      connected() {},
      disconnected(_, reason) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      },
    });
    const streams = new Streams(hub, settings);
    // The program's own app, where this hub is all that answers.
    await using server = await start();
    server.sse.app.get("/hub/*", ({ req, env }) => {
      const path = new URL(req.url).pathname.slice("/hub".length);
      const namespace = parseNamespacePath(path, settings.limits);
      const { info } = env as { info: unknown };
      const granted = EVERYTHING;
      return streams.open(req.raw, [namespace, "/all"], { info, granted });
    });
    let order = 0;
    const deliver = (namespace: string, size: number) =>
      hub.deliver({
        epoch: "e",
        seq: ++order,
        namespace,
        body: new TextEncoder().encode(`data:${"x".repeat(size)}\n\n`),
      });
    for (let batch = 0; batch < 10; batch++) {
      const clients = await Promise.all(
        Array.from({ length: 60 }, (_, i) => server.open(`/hub/${i}/x`)),
      );
      // The sockets of those who were cut off may still be there.
      const { sockets: _, ...counts } = hub.counts;
      assertEquals(counts, {
        deadlines: 0,
        topics: 61,
        channels: 60,
        readers: 60,
        retainedBytes: 0,
      });
      if (batch === 0) {
        for (const client of clients.slice(0, 3)) client.stall();
        await until(() => {
          for (let i = 0; i < 3; i++) deliver(`/${i}/x/y`, 65_536);
          return hub.size === 57;
        }, "the stalled ones to be cut off");
      }
      for (const [i, client] of clients.entries()) {
        deliver("/all", 1_000);
        client[WAYS[i % 3]!]();
      }
      await until(() => hub.size === 0, "everyone to be gone");
      assertEquals(hub.counts, NOTHING);
      for (const client of clients) client.leave();
    }
    assertEquals(Object.fromEntries(reasons), { client: 597, stalled: 3 });
    const last: RawClient[] = await server.openMany(10, "/hub/z");
    hub.end();
    for (const client of last) {
      assertEquals((await client.done()).ending, "complete");
    }
    assertEquals(hub.counts, NOTHING);
  });
});
