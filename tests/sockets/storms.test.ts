import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { startHub } from "../tools/hub_process.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { start, startOnDenoServe, type TestServer } from "../tools/sockets.ts";
import type { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";
import { counted, say, wireOf } from "../tools/wire.ts";

/** 64 KiB: many of them fill a socket's buffers, about 4 MB on loopback. */
const LARGE = "x".repeat(64 * 1024);

const TOTAL = 'refusals_total{reason="connections"}';
const STALLED = 'evictions_total{reason="stalled"}';
const PER_CLIENT = 'refusals_total{reason="connectionsPerClient"}';

/** Asserts that an answer is the one that makes an EventSource come back later. */
function assertRefused(client: RawClient): void {
  assertEquals([client.status, client.ending], [200, "complete"]);
  assertEquals(
    client.header("content-type"),
    "text/event-stream; charset=utf-8",
  );
  const [, retry] = /^retry:(\d+)\n\n$/.exec(client.body) ?? [];
  assertEquals([
    client.body,
    Number(retry) >= 15_000 && Number(retry) <= 45_000,
  ], [
    client.body,
    true,
  ]);
}

/** What a client sends that comes through a trusted proxy. */
function from(address: string): { headers: Record<string, string> } {
  return { headers: { "X-Forwarded-For": address } };
}

describe("limits.connections", () => {
  it("refuses softly what is more, and counts it", async () => {
    await using server = await start({ limits: { connections: 100 } });
    const clients = Array.from(
      { length: 300 },
      () => server.send("/subscribe/a"),
    );
    await until(
      () => clients.filter(({ ending }) => ending !== "open").length === 200,
      "200 answers that have ended",
    );
    for (const client of clients) {
      if (client.ending !== "open") assertRefused(client);
    }
    const open = clients.filter(({ ending }) => ending === "open");
    await server.settles(100);
    say(server, "still served");
    for (const client of open) {
      await client.hears(":ok\n\ndata:still served\n\n");
    }
    assertEquals(await counted(server, TOTAL, PER_CLIENT, "sockets_open"), {
      [TOTAL]: 200,
      [PER_CLIENT]: 0,
      sockets_open: 100,
    });
  });

  it("spreads those who are to come back", async () => {
    await using server = await start({ limits: { connections: 1 } });
    await server.open("/subscribe/a");
    const bodies = new Set<string>();
    for (let i = 0; i < 20; i++) {
      bodies.add((await server.ask("/subscribe/a")).body);
    }
    // Two of 20 may well agree in their millisecond, but not half of them.
    assertEquals(bodies.size > 10, true);
  });

  it("has room again for each that has left, whichever way", async () => {
    await using server = await start({ limits: { connections: 3 } });
    for (const how of ["leave", "reset", "halfClose"] as const) {
      const clients = await server.openMany(3, "/subscribe/a");
      assertRefused(await server.ask("/subscribe/a"));
      clients[0]![how]();
      await server.settles(2);
      const next = await server.open("/subscribe/a");
      assertEquals([next.body, next.ending], [":ok\n\n", "open"]);
      assertRefused(await server.ask("/subscribe/a"));
      for (const client of [...clients, next]) client.leave();
      await server.settles(0);
    }
    assertEquals(await counted(server, TOTAL, "sockets_open"), {
      [TOTAL]: 6,
      sockets_open: 0,
    });
  });

  it("has room again once the server itself has ended a stream", async () => {
    await using server = await start({
      history: true,
      limits: { connections: 1 },
    });
    for (let i = 0; i < 3; i++) {
      // It may take the host a moment to let go of the last one's response.
      const client = await entered(server, "/subscribe/a");
      say(server, "x");
      server.sse.end("/a");
      await client.done();
      assertEquals(client.ending, "complete");
    }
  });

  it("is nothing to HEAD and to clients that are told of an end", async () => {
    await using server = await start({
      history: true,
      limits: { connections: 1 },
    });
    const wire = await wireOf(server);
    await server.open("/subscribe/b");
    server.sse.end("/a");
    const head = await server.ask("/subscribe/a", { method: "HEAD" });
    assertEquals([head.status, head.body], [200, ""]);
    const seen = await server.ask(wire("/subscribe/a?lastEventId=E-1"));
    assertEquals(seen.status, 204);
    assertEquals(await counted(server, TOTAL), { [TOTAL]: 0 });
  });
});

describe("limits.connectionsPerClient", () => {
  it("refuses one client softly, and nobody else", async () => {
    await using server = await start({
      trustProxy: true,
      limits: { connectionsPerClient: 2 },
    });
    const greedy = from("192.0.2.1");
    const first = await server.open("/subscribe/a", greedy);
    await server.open("/subscribe/b", greedy);
    assertRefused(await server.ask("/subscribe/a", greedy));
    assertRefused(await server.ask("/subscribe/c", greedy));
    const other = await server.open("/subscribe/a", from("192.0.2.2"));
    assertEquals(other.body, ":ok\n\n");
    first.leave();
    await server.settles(2);
    const next = await server.open("/subscribe/a", greedy);
    assertEquals([next.body, next.ending], [":ok\n\n", "open"]);
    assertRefused(await server.ask("/subscribe/a", greedy));
    assertEquals(await counted(server, PER_CLIENT, TOTAL), {
      [PER_CLIENT]: 3,
      [TOTAL]: 0,
    });
  });

  it("takes everyone behind a proxy that is not trusted for one", async () => {
    await using server = await start({ limits: { connectionsPerClient: 1 } });
    await server.open("/subscribe/a", from("192.0.2.1"));
    assertRefused(await server.ask("/subscribe/a", from("192.0.2.2")));
  });
});

describe("a client that was cut off as it does not read", () => {
  const options = { stallTimeout: 300, limits: { connections: 1 } };

  /** Has a client cut off as it does not read. */
  async function cutOff(server: TestServer): Promise<RawClient> {
    const stalled = await server.open("/subscribe/a");
    stalled.stall();
    await until(() => {
      say(server, LARGE);
      return server.streams === 0;
    }, "the stalled client to be cut off");
    assertEquals(await counted(server, STALLED), { [STALLED]: 1 });
    return stalled;
  }

  it("counts no longer than the host keeps its socket", async () => {
    await using server = await start(options);
    await cutOff(server);
    await entered(server, "/subscribe/a");
    assertEquals(await counted(server, "sockets_open"), { sockets_open: 1 });
  });

  if (RUNTIME === "deno") {
    it("may be reset before its answer with Deno.serve, and harms nobody", async () => {
      let asked = 0;
      let answered = 0;
      await using server = startOnDenoServe(
        {},
        (sse) => async (request, info) => {
          asked++;
          await until(() => client.gone, "the client to be gone");
          await sleep(20);
          answered++;
          return sse.subscribe(request, "/a", { info });
        },
      );
      const client = server.send("/");
      await until(() => asked === 1, "the request");
      client.reset();
      await until(() => answered === 1, "the answer");
      await server.settles(0);
    });

    it("counts until it goes with Deno.serve, which keeps its socket", async () => {
      await using server = startOnDenoServe(options);
      const stalled = await cutOff(server);
      // Several beats of the server, each of which looks after sockets.
      await sleep(2_000);
      assertRefused(await server.ask("/subscribe/a"));
      assertEquals(await counted(server, "sockets_open", "streams_open"), {
        sockets_open: 1,
        streams_open: 0,
      });
      stalled.leave();
      await entered(server, "/subscribe/a");
      assertEquals(await counted(server, "sockets_open"), { sockets_open: 1 });
    });
  }
});

/** Waits until a stream can be opened; until then it has to be refused softly. */
async function entered(server: TestServer, path: string): Promise<RawClient> {
  for (let attempts = 0; attempts < 300; attempts++) {
    const client = await server.open(path);
    if (client.body.startsWith(":ok\n")) return client;
    assertRefused(await client.done());
    client.leave();
    await sleep(100);
  }
  throw new Error("Refused for 30 s");
}

/** How many connections this machine lets wait at most; 0 where it does not tell. */
function longestQueue(): number {
  const file = "/proc/sys/net/core/somaxconn";
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

// Bun takes 512, and has no option for it.
if (RUNTIME !== "bun" && longestQueue() >= 1_000) {
  describe("a server that has no time to accept", () => {
    it("has those who come wait, and drops none", async () => {
      await using hub = startHub();
      const port = await hub.port();
      hub.signal("SIGSTOP");
      let connected = 0;
      const clients = Array.from({ length: 800 }, () => {
        const client = connect(port, "127.0.0.1", () => connected++);
        return client.on("error", () => {});
      });
      await until(() => connected === 800, () => `800, not ${connected}`);
      for (const client of clients) client.destroy();
    });
  });
}

// Bun 1.4 answers none that are sent so.
if (RUNTIME !== "bun") {
  it("streams that wait for another on their connection go with it", async () => {
    await using server = await start();
    const socket = connect(server.handle.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /subscribe/a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(17));
    await until(() => server.streams === 17, "all streams");
    socket.destroy();
    await server.settles(0);
  });

  it("a connection on which too many streams wait is dropped", async () => {
    await using server = await start({ stallTimeout: 3_600_000 });
    const socket = connect(server.handle.port, "127.0.0.1");
    socket.on("error", () => {});
    let isClosed = false;
    socket.on("close", () => isClosed = true).resume();
    socket.write("GET /subscribe/a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100));
    await until(() => isClosed, "the end of the connection");
    await server.settles(0);
  });
}
