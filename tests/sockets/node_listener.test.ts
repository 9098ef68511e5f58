import { type DisconnectReason, SSEServer } from "@sseserver/sseserver";
import { nodeListener } from "@sseserver/sseserver/node";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import express from "express";
import { Hono } from "hono";
import { once } from "node:events";
import { ServerResponse } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Handler } from "../tools/node_host.ts";
import { startOnNodeHttp } from "../tools/node_host.ts";
import { until } from "../tools/waiting.ts";

const OPENING = ":ok\n\n";
const TOKEN = "0123456789abcdef";
const LARGE = "x".repeat(100_000);

const HOSTS: Record<string, [string, (sse: SSEServer) => Handler]> = {
  "node:http": ["", (sse) => nodeListener(sse.fetch)],
  "a Hono app on node:http": [
    "/live",
    (sse) => nodeListener(new Hono().route("/live", sse.app).fetch),
  ],
  "Express": [
    "/live",
    (sse) => express().use("/live", nodeListener(sse.fetch)),
  ],
  "a router of Express": [
    "/a%20b/live",
    (sse) =>
      express().use(
        "/:tenant",
        express.Router().use("/live", nodeListener(sse.fetch)),
      ),
  ],
};

for (const [name, [prefix, build]] of Object.entries(HOSTS)) {
  describe(`nodeListener on ${name}`, () => {
    it("serves streams, and forgets those whose client has gone", async () => {
      await using host = await startOnNodeHttp(build);
      const clients = await host.openMany(3, `${prefix}/subscribe/pets?ns=/x`);
      host.sse.broadcast({ namespace: "/pets/dogs", data: 1 });
      await clients[0]!.hears(`${OPENING}data:1\n\n`);
      host.sse.broadcast({ namespace: "/x", event: "e", data: "ü" });
      for (const client of clients) {
        await client.hears(`${OPENING}data:1\n\nevent:e\ndata:ü\n\n`);
        assertEquals(
          client.header("content-type"),
          "text/event-stream; charset=utf-8",
        );
      }
      const { connections } = host.sse.status();
      for (const row of connections) {
        assertEquals([row.request_path, row.namespace, row.client_ip], [
          `${prefix}/subscribe/pets`,
          "/pets,/x",
          "127.0.0.1",
        ]);
      }
      const head = host.send(`${prefix}/subscribe/pets`, { method: "HEAD" });
      assertEquals((await head.answered()).status, 200);
      assertEquals(host.streams, 3);
      clients[0]!.leave();
      clients[1]!.reset();
      await host.settles(1);
      host.sse.disconnect({ namespace: "/" });
      assertEquals((await clients[2]!.done()).ending, "complete");
      assertEquals(host.streams, 0);
    });

    it("takes what is published, and answers what is refused", async () => {
      await using host = await startOnNodeHttp(build, {
        publish: { token: TOKEN },
      });
      const client = await host.open(`${prefix}/subscribe/a`);
      const body = '{"event":"e","data":"it came"}';
      const headers = {
        Authorization: `Bearer ${TOKEN}`,
        "Content-Type": "application/json",
        "Content-Length": String(body.length),
      };
      const post = { method: "POST", headers, body };
      const published = await host.ask(`${prefix}/publish/a`, post);
      assertEquals(published.status, 201, published.body);
      await client.hears(`${OPENING}event:e\ndata:it came\n\n`);
      const { Authorization: _, ...anonymous } = headers;
      for (
        const [path, options, status] of [
          ["/publish/a", { ...post, headers: anonymous }, 401],
          ["/publish/a%2fb", post, 400],
          ["/subscribe/a%2fb", {}, 400],
          ["/subscribe/a", post, 405],
          ["/nothing", {}, 404],
        ] as const
      ) {
        const answer = await host.ask(prefix + path, options);
        assertEquals(answer.status, status, path);
      }
    });

    it("cuts off a reader that is too slow, and nobody else", async () => {
      const left: [string, DisconnectReason][] = [];
      await using host = await startOnNodeHttp(build, {
        maxLag: 256 * 1024,
        onDisconnect: ({ userAgent }, reason) => left.push([userAgent, reason]),
      });
      const [slow, good] = await Promise.all(
        ["slow", "good"].map((name) =>
          host.open(`${prefix}/subscribe/a`, {
            headers: { "User-Agent": name },
          })
        ),
      );
      slow!.stall();
      let sent = 0;
      await until(() => {
        // Only as fast as the good one reads.
        if (good!.body.length > sent * LARGE.length) {
          host.sse.broadcast({ namespace: "/a", data: LARGE });
          sent++;
        }
        return left.length > 0;
      }, "the slow reader to be cut off");
      assertEquals(left, [["slow", "slow"]]);
      await good!.hears(OPENING + `data:${LARGE}\n\n`.repeat(sent));
      slow!.socket.resume();
      assertEquals((await slow!.done()).ending, "cut");
    });
  });
}

/** What is printed as errors meanwhile, as text. */
async function printedDuring(what: () => Promise<void>): Promise<string[]> {
  const printed: unknown[] = [];
  const { error } = console;
  console.error = (...args) => printed.push(...args);
  try {
    await what();
  } finally {
    console.error = error;
  }
  return printed.map(String);
}

describe("nodeListener", () => {
  it("answers with 500 and prints what fetch throws, where nobody else takes it", async () => {
    const printed = await printedDuring(async () => {
      for (
        const fetch of [
          () => {
            throw new Error("broken");
          },
          () => Promise.reject(new Error("broken")),
        ]
      ) {
        await using host = await startOnNodeHttp(() => nodeListener(fetch));
        assertEquals((await host.ask("/")).status, 500);
      }
    });
    assertEquals(printed, ["Error: broken", "Error: broken"]);
  });

  it("lets go of a stream that fetch does not return, and says so", async () => {
    const printed = await printedDuring(async () => {
      await using host = await startOnNodeHttp((sse) =>
        nodeListener((request, info) => {
          void sse.subscribe(request, "/a", { info });
          return undefined as never;
        })
      );
      const { status, body } = await host.ask("/");
      assertEquals([status, body, host.streams], [500, "", 0]);
    });
    assertEquals(printed, [
      "TypeError: Cannot answer as 'fetch' must return a Response: current value is undefined",
    ]);
  });

  it("lets go of a stream where fetch throws after it was opened", async () => {
    const printed = await printedDuring(async () => {
      await using host = await startOnNodeHttp((sse) =>
        nodeListener((request, info) => {
          sse.subscribe(request, "/a", { info });
          throw new Error("broken");
        })
      );
      const { status } = await host.ask("/");
      assertEquals([status, host.streams], [500, 0]);
    });
    assertEquals(printed, ["Error: broken"]);
  });

  it("breaks off an answer that has begun when fetch throws", async () => {
    const printed = await printedDuring(async () => {
      await using host = await startOnNodeHttp(() =>
        nodeListener((_, { outgoing }) => {
          outgoing.write("begun");
          throw new Error("broken");
        })
      );
      const client = await host.ask("/");
      assertEquals(client.ending, "cut");
      assert("begun".startsWith(client.body), client.body);
    });
    assertEquals(printed, ["Error: broken"]);
  });

  it("lets go of a stream whose headers the host refuses", async () => {
    await printedDuring(async () => {
      await using host = await startOnNodeHttp((sse) =>
        nodeListener((request, info) =>
          sse.subscribe(request, "/a", { info, headers: { "X-User": "\x01a" } })
        )
      );
      // Deno takes it.
      const client = await host.send("/").answered();
      assertEquals(host.streams, client.status === 200 ? 1 : 0);
    });
  });

  it("lets go of a stream where somebody else has begun to answer", async () => {
    const printed = await printedDuring(async () => {
      await using host = await startOnNodeHttp((sse) => {
        const listener = nodeListener(sse.fetch);
        return (incoming, outgoing) => {
          outgoing.write("begun");
          return listener(incoming, outgoing);
        };
      });
      await host.ask("/subscribe/a");
      assertEquals(host.streams, 0);
    });
    assertMatch(printed.join(), /after they are sent to the client/);
  });

  it("lets go of a stream whose client has gone before it began, on HTTP/2 too", async () => {
    await using sse = new SSEServer({ retry: false });
    const gone = Promise.withResolvers<void>();
    const tried = Promise.withResolvers<void>();
    const listener = nodeListener(async (request, info) => {
      if (request.url.endsWith("/gone")) {
        info.outgoing.once("close", gone.resolve);
        client.destroy();
        await gone.promise;
        queueMicrotask(tried.resolve);
      }
      return sse.subscribe(request, "/a", { info });
    });
    const server = http2.createServer(listener as never);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = http2.connect(`http://127.0.0.1:${port}`);
    const opened = client.request({ ":path": "/" });
    const [chunk] = await once(opened, "data");
    assertEquals(String(chunk), OPENING);
    client.request({ ":path": "/gone" }).on("error", () => {});
    opened.on("error", () => {});
    await tried.promise;
    await until(
      () => sse.status().connections.length === 0,
      "the streams to be forgotten",
    );
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it("writes nothing behind the end of a response that somebody else has ended", async () => {
    let end = () => {};
    await using host = await startOnNodeHttp((sse) =>
      nodeListener((request, info) => {
        end = () => info.outgoing.end();
        return sse.subscribe(request, "/a", { info });
      })
    );
    const client = await host.open("/");
    let wire = "";
    client.socket.on("data", (bytes: Uint8Array) => {
      wire += new TextDecoder().decode(bytes);
    });
    end();
    host.sse.broadcast({ namespace: "/a", data: "late" });
    await host.settles(0);
    await client.done();
    // The next response on the same connection.
    client.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => wire.includes(OPENING), () => JSON.stringify(wire));
    assertMatch(wire, /^0\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it("has a class of responses see all that is written", async () => {
    let seen = "";
    class Recorded extends ServerResponse {
      override write(chunk: Uint8Array, ...rest: unknown[]): boolean {
        seen += new TextDecoder().decode(chunk);
        return super.write(chunk, ...rest as [BufferEncoding]);
      }
    }
    await using host = await startOnNodeHttp((sse) => {
      const listener = nodeListener(sse.fetch);
      return (incoming, outgoing) => {
        Object.setPrototypeOf(outgoing, Recorded.prototype);
        return listener(incoming, outgoing);
      };
    });
    const client = await host.open("/subscribe/a");
    for (const data of [1, 2]) {
      host.sse.broadcast({ namespace: "/a", data });
      await client.hearsLast(`data:${data}\n\n`);
    }
    assertEquals(seen, client.body);
  });

  it("leaves the program's own Request and Response alone", () => {
    const before = [globalThis.Request, globalThis.Response];
    nodeListener(() => new Response());
    assert(globalThis.Request === before[0]);
    assert(globalThis.Response === before[1]);
  });

  it("takes nothing but a function", () => {
    const error = assertThrows(
      () => nodeListener("fetch" as never),
      TypeError,
    );
    assertMatch(
      error.message,
      /^Cannot listen as 'fetch' must be a function: current value is "fetch"$/,
    );
  });
});
