import { SSEServer } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import { TestClient, TestClock } from "@sseserver/sseserver/testing";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { sleep, until } from "../tools/waiting.ts";

/** The events of a feed as they stand in its body. */
function eventsOf(body: string, name: string): Record<string, unknown>[] {
  return [...body.matchAll(/^event:([^\n]*)\ndata:([^\n]*)\n/gm)]
    .filter(([, event]) => event === name)
    .map(([, , data]) => JSON.parse(data!));
}

function post(
  server: TestServer,
  body: unknown,
): Promise<{ status: number; body: string }> {
  const text = JSON.stringify(body);
  return server.ask("/admin/disconnect", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Content-Length": String(text.length),
    },
    body: text,
  });
}

describe("the console's page", () => {
  it("is one document that may load nothing and be framed by nobody", async () => {
    await using server = await start({ admin: true });
    const one = await server.ask("/admin/");
    assertEquals(one.status, 200);
    const policy = one.header("content-security-policy")!;
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)![1]!;
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "frame-ancestors 'none'");
    assertStringIncludes(one.body, `<script nonce="${nonce}"`);
    assertStringIncludes(one.body, `<style nonce="${nonce}"`);
    const two = await server.ask("/admin/");
    assertEquals(two.body.includes(nonce), false);
  });
});

describe("the console's feed", () => {
  it("greets, then reports once a second, and is no subscriber", async () => {
    await using server = await start({ admin: true });
    const feed = await server.open("/admin/events");
    const [hello] = eventsOf(feed.body, "hello");
    assertEquals(hello!.access, "full");
    assertEquals(hello!.samples, []);
    assertEquals(server.streams, 0);
    await server.open("/subscribe/pets");
    await server.open("/subscribe/pets/dogs");
    server.sse.broadcast({ namespace: "/pets/dogs", data: "Corgi" });
    await until(
      () =>
        eventsOf(feed.body, "stats").some(({ totals }) =>
          (totals as { deliveries: number }).deliveries === 2
        ),
      "two deliveries",
    );
    const stats = eventsOf(feed.body, "stats").at(-1)!;
    const totals = stats.totals as Record<string, number>;
    assertEquals(totals.streams, 2);
    assertEquals(totals.broadcasts, 1);
    assertEquals(totals.bytes, 2 * "data:Corgi\n\n".length);
    assertEquals(
      (stats.namespaces as unknown[][]).map((row) => row.slice(0, 4)).sort(),
      [["/pets", 1, 1, 12], ["/pets/dogs", 1, 1, 12]],
    );
    assertEquals((stats.sample as number[]).length, 5);
  });

  it("shows the events of a watched namespace and below, as they were broadcast", async () => {
    await using server = await start({ admin: true });
    const feed = await server.open("/admin/events?watch=/pets");
    server.sse.broadcast({
      namespace: "/pets/dogs",
      event: "new-dog",
      data: " Corgi\n</script>",
    });
    server.sse.broadcast({ namespace: "/petshop", data: "no" });
    server.sse.broadcast({ namespace: "/pets", data: "x".repeat(10_000) });
    await until(
      () => eventsOf(feed.body, "watch").length === 2,
      "two watched events",
    );
    const [dog, long] = eventsOf(feed.body, "watch");
    assertEquals({ ...dog, at: 0 }, {
      namespace: "/pets/dogs",
      event: "new-dog",
      data: " Corgi\n</script>",
      id: null,
      size: "event:new-dog\ndata:  Corgi\ndata:</script>\n\n".length,
      at: 0,
      truncated: false,
    });
    assertEquals(long!.truncated, true);
    assertEquals(server.streams, 0);
  });

  it("leaves out what nobody could read, and says how much", async () => {
    await using server = await start({ admin: true });
    const feed = await server.open("/admin/events?watch=/");
    for (let i = 0; i < 1000; i++) {
      server.sse.broadcast({ namespace: "/x", data: i });
    }
    await until(() => eventsOf(feed.body, "missed").length > 0, "missed");
    const shown = eventsOf(feed.body, "watch").length;
    assertEquals(eventsOf(feed.body, "missed")[0], { count: 1000 - shown });
    assert(shown <= 100, `${shown} shown`);
  });

  it("shows text with every character that ends a line in JavaScript", async () => {
    await using server = await start({ admin: true });
    const feed = await server.open("/admin/events?watch=/");
    const data = "one\u2028two\u2029three";
    server.sse.broadcast({ namespace: "/x", event: "a\u2028b", data });
    await until(() => eventsOf(feed.body, "watch").length === 1, "an event");
    const [event] = eventsOf(feed.body, "watch");
    assertEquals([event!.event, event!.data], ["a\u2028b", data]);
  });

  it("holds no more than a few events for a page that does not read", async () => {
    const clock = new TestClock();
    await using sse = new SSEServer({ admin: true, clock });
    const request = new Request("http://localhost/admin/events?watch=/");
    const { body } = await sse.fetch(request);
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 50; i++) {
        sse.broadcast({ namespace: "/x", data: i });
      }
      await clock.advance(1_000);
    }
    await sse.close();
    const text = await new Response(body).text();
    const shown = eventsOf(text, "watch").length;
    assert(50 <= shown && shown <= 150, `${shown} of 1000 were held`);
  });

  it("reports every second however often another one opens", async () => {
    const clock = new TestClock();
    await using sse = new SSEServer({ admin: true, clock });
    const open = () => TestClient.open(sse, "/admin/events");
    const first = await open();
    for (let i = 0; i < 6; i++) {
      await clock.advance(600);
      await (await open()).leave();
    }
    await until(
      () => eventsOf(first.text, "stats").length === 3,
      "a report for each of three seconds",
    );
  });

  it("ends where its page has not read for long", async () => {
    const clock = new TestClock();
    const sse = new SSEServer({ admin: true, clock });
    const open = async () =>
      await sse.fetch(new Request("http://localhost/admin/events"));
    const feeds: Response[] = [];
    for (let i = 0; i < 32; i++) feeds.push(await open());
    assertEquals((await open()).status, 503);
    await clock.advance(120_000);
    const next = await open();
    assertEquals(next.status, 200);
    assertMatch(await feeds[0]!.text(), /^event:hello\n/);
    await sse.close();
    assertMatch(await next.text(), /^event:hello\n/);
  });

  it("is limited in number, ends with the server, and stops when nobody looks", async () => {
    const sse = new SSEServer({ admin: true });
    const open = () => TestClient.open(sse, "/admin/events");
    const feeds: TestClient[] = [];
    for (let i = 0; i < 32; i++) feeds.push(await open());
    assertEquals((await open()).status, 503);
    const head = new Request("http://localhost/admin/events", {
      method: "HEAD",
    });
    assertEquals((await sse.fetch(head)).status, 503);
    await feeds[0]!.leave();
    const last = await open();
    assertEquals(last.status, 200);
    await sse.close();
    assertEquals(await last.ended(), "server");
    assertMatch(last.text, /^event:hello\n/);
  });
});

describe("disconnecting", () => {
  it("ends one stream or all of a namespace", async () => {
    const reasons: string[] = [];
    await using server = await start({
      admin: true,
      onDisconnect: (_, reason) => {
        reasons.push(reason);
      },
    });
    const one = await server.open("/subscribe/a");
    const two = await server.open("/subscribe/a?ns=/b");
    const three = await server.open("/subscribe/b/c");
    const four = await server.open("/subscribe/bc");
    const { body } = await server.ask("/admin/status.json");
    const [{ id }] = JSON.parse(body).connections;
    assertEquals((await post(server, { id })).body, '{"disconnected":1}');
    await one.done();
    const answer = await post(server, { namespace: "b" });
    // As the table shows it: with what is below.
    assertEquals(answer.body, '{"disconnected":2}');
    await two.done();
    await three.done();
    assertEquals(four.gone, false);
    assertEquals(reasons, ["kicked", "kicked", "kicked"]);
    const after = await server.ask("/admin/status.json");
    assertEquals(JSON.parse(after.body).total_connections, 1);
    assertEquals((await post(server, { id })).body, '{"disconnected":0}');
  });
});

describe("the table of streams", () => {
  it("is paged, sorted and filtered by the server", async () => {
    const sse = new SSEServer({ admin: true });
    for (let i = 0; i < 30; i++) {
      await sse.fetch(
        new Request(`http://localhost/subscribe/n/${i % 3}`, {
          headers: { "User-Agent": `agent ${i}` },
        }),
      );
    }
    const ask = async (query: string) => {
      const request = new Request(`http://localhost/admin/status.json${query}`);
      const response = await sse.fetch(request);
      const text = await response.text();
      return response.status === 200 ? JSON.parse(text) : text;
    };
    const agents = (status: { connections: { user_agent: string }[] }) =>
      status.connections.map((one) => one.user_agent.slice(6)).join(" ");
    const page = await ask("?limit=3&offset=1");
    assertEquals(agents(page), "1 2 3");
    assertEquals(page.total_connections, 30);
    assertEquals(agents(await ask("?limit=2&order=desc")), "29 28");
    assertEquals(
      agents(await ask("?limit=2&sort=namespace&order=desc")),
      "29 26",
    );
    const filtered = await ask("?namespace=n/1&q=AGENT%202");
    assertEquals(agents(filtered), "22 25 28");
    assertEquals(filtered.total_connections, 3);
    assertEquals((await ask("?namespace=/n")).total_connections, 30);
    assertEquals((await ask("?namespace=/m")).total_connections, 0);
    for (const bad of ["limit=0", "offset=-1", "sort=x", "order=up"]) {
      assertMatch(await ask(`?${bad}`), /^400 Cannot read the status as '\w+'/);
    }
    assertMatch(await ask("?namespace=/a/.."), /^400 .*'namespace'/);
    await sse.close();
  });

  it("takes a comma for a part of a namespace", async () => {
    await using sse = new SSEServer({ admin: true });
    await sse.fetch(new Request("http://localhost/subscribe/a,b"));
    for (const [namespace, count] of [["/a,b", 1], ["/a", 0]]) {
      const { body } = await sse.fetch(
        new Request(
          `http://localhost/admin/status.json?namespace=${namespace}`,
        ),
      );
      const status = await new Response(body).json();
      assertEquals(status.total_connections, count, String(namespace));
    }
  });
});

describe("the metrics", () => {
  it("are in Prometheus' text format, with labels from a fixed set", async () => {
    const sse = new SSEServer({ admin: true, rootSubscribe: false });
    await sse.fetch(new Request("http://localhost/subscribe/secret-name"));
    await sse.fetch(new Request("http://localhost/subscribe/"));
    await sse.publish({ namespace: "/secret-name", data: 1 });
    const response = await sse.fetch(
      new Request("http://localhost/admin/metrics"),
    );
    assertEquals(
      response.headers.get("content-type"),
      "text/plain; version=0.0.4; charset=utf-8",
    );
    const text = await response.text();
    assertEquals(text.includes("secret-name"), false);
    const samples = parseMetrics(text);
    assertEquals(samples.get("sse_streams_open"), 1);
    assertEquals(samples.get("sse_broadcasts_total"), 1);
    assertEquals(samples.get('sse_refusals_total{reason="forbidden"}'), 1);
    assertEquals(samples.get('sse_evictions_total{reason="slow"}'), 0);
    assertEquals(samples.get("sse_publish_duration_seconds_count"), 1);
    assertEquals(
      samples.get('sse_publish_duration_seconds_bucket{le="+Inf"}'),
      1,
    );
    await sse.close();
  });

  it("tell that the engine of one process is always there", async () => {
    await using server = await start({ admin: true });
    const id = await server.sse.publish({ namespace: "/a", data: 1 });
    assertEquals(await engineMetrics(server), {
      connected: 1,
      lag_events: 0,
      epoch: parseInt(id.split("-")[0]!, 36),
      repairs_total: 0,
      losses_total: 0,
    });
  });

  it({
    name: `tell whether Redis is there${REDIS_HINT}`,
    ignore: REDIS === undefined,
    fn: async () => {
      await using shared = await RedisServer.start();
      await using server = await start({
        admin: true,
        engine: redis({ url: shared.url }),
        onError: () => {},
      });
      const id = await server.sse.publish({ namespace: "/a", data: 1 });
      const [epoch] = id.split("-").map((part) => parseInt(part, 36));
      const becomes = async (connected: number) => {
        let metrics = await engineMetrics(server);
        const end = performance.now() + 30_000;
        while (metrics.connected !== connected && performance.now() < end) {
          await sleep(20);
          metrics = await engineMetrics(server);
        }
        return metrics;
      };
      // It was accepted, and may have yet to come back.
      await until(
        () => server.sse.status().engine!.lag === 0,
        "what was published",
      );
      const there = await becomes(1);
      // Both are 0, but on a machine that is so busy that Redis seems to be away.
      const { losses_total = -1, repairs_total = -1 } = there;
      assert(losses_total >= 0 && repairs_total >= 0);
      assertEquals(there, {
        connected: 1,
        lag_events: 0,
        epoch: epoch!,
        repairs_total,
        losses_total,
      });
      await shared.kill();
      assertEquals(
        await becomes(0),
        { ...there, connected: 0, losses_total: losses_total + 1 },
      );
      await shared.start();
      const back = await becomes(1);
      assert(back.losses_total! > losses_total);
    },
  });
});

/** What the metrics tell of the engine. */
async function engineMetrics(
  server: TestServer,
): Promise<Record<string, number>> {
  const { body } = await server.ask("/admin/metrics");
  const start = "sse_engine_";
  return Object.fromEntries(
    [...parseMetrics(body)].filter(([name]) => name.startsWith(start))
      .map(([name, value]) => [name.slice(start.length), value]),
  );
}

/**
 * A strict reader of the text format: every sample after the HELP and TYPE of its
 * family, every name and value well formed, nothing twice, buckets rising.
 */
function parseMetrics(text: string): Map<string, number> {
  assert(text.endsWith("\n"));
  const samples = new Map<string, number>();
  let family = "";
  let type = "";
  let bucket = 0;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const typed = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    if (help) {
      family = help[1]!;
      type = "";
      bucket = 0;
    } else if (typed) {
      assertEquals(typed[1], family);
      type = typed[2]!;
      assertEquals(type === "counter", family.endsWith("_total"));
    } else {
      const sample =
        /^([a-z_]+)(\{[a-z]+="[^"\\\n]*"\})? (\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(
          line,
        );
      assert(sample, `not a sample: ${line}`);
      const [, name, labels = "", value] = sample;
      const suffix = name!.slice(family.length);
      const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [
        "",
      ];
      assert(name!.startsWith(family) && suffixes.includes(suffix), line);
      assertEquals(samples.has(name + labels), false, line);
      samples.set(name + labels, Number(value));
      if (suffix === "_bucket") {
        assert(Number(value) >= bucket, line);
        bucket = Number(value);
      }
    }
  }
  return samples;
}
