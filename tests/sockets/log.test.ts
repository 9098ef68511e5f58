import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

/** The client's address of a stream that is asked for with such headers. */
async function addressOf(
  trustProxy: boolean | number,
  headers: Record<string, string>,
): Promise<string> {
  const lines: string[] = [];
  await using server = await start({ trustProxy, admin: false }, {
    log: (line) => lines.push(line),
  });
  await server.open("/subscribe/a", { headers });
  await until(() => lines.length > 1, "a CONNECT line");
  const connection = server.sse.status().connections[0]!;
  assertEquals(lines[1], `CONNECT /subscribe/a ${connection.client_ip}`);
  return connection.client_ip;
}

describe("the log of serve()", () => {
  it("tells an address that one can open where it listens on all of them", async () => {
    for (const hostname of ["0.0.0.0", ""]) {
      const lines: string[] = [];
      await using server = await start({ admin: false }, {
        hostname,
        log: (line) => lines.push(line),
      });
      assertEquals(lines, [`Listening on http://localhost:${server.port}/`]);
    }
  });

  it("has a line for every stream that opens or ends, with path, address and reason", async () => {
    const lines: string[] = [];
    await using server = await start({ admin: false }, {
      log: (line) => lines.push(line),
    });
    assertEquals(lines, [`Listening on http://127.0.0.1:${server.port}/`]);
    const a = await server.open("/subscribe/a?ns=/x");
    await server.open("/subscribe//b/%20c/");
    a.leave();
    await server.settles(1);
    await server.ask("/subscribe/a", { method: "OPTIONS" });
    await server.ask("/nowhere");
    await server.handle.close();
    await until(() => lines.length >= 5, "all lines");
    assertEquals(lines.slice(1), [
      "CONNECT /subscribe/a 127.0.0.1",
      "CONNECT /subscribe//b/%20c/ 127.0.0.1",
      "DISCONNECT /subscribe/a 127.0.0.1 client",
      "DISCONNECT /subscribe//b/%20c/ 127.0.0.1 closed",
    ]);
  });

  it("tells of clients that are cut off", async () => {
    const lines: string[] = [];
    await using server = await start({ stallTimeout: 200, admin: false }, {
      log: (line) => lines.push(line),
    });
    const client = await server.open("/subscribe/a");
    client.stall();
    await until(() => {
      server.sse.broadcast({ namespace: "/a", data: "x".repeat(65_536) });
      return lines.length > 2;
    }, "a DISCONNECT line");
    assertMatch(
      lines[2]!,
      /^DISCONNECT \/subscribe\/a 127\.0\.0\.1 (stalled|slow)$/,
    );
  });

  it("goes to the console with the time, and nowhere with log: false", async () => {
    const printed: unknown[][] = [];
    const { log } = console;
    console.log = (...args) => void printed.push(args);
    try {
      {
        await using server = await start({ admin: false }, { log: false });
        await server.open("/subscribe/silent");
        assertEquals(printed, []);
      }
      const server = await start();
      await server[Symbol.asyncDispose]();
      assertEquals(printed, []);
      const spoken = await server.sse.serve({ log: false }).catch(() => "no");
      assertEquals(spoken, "no");
      const { SSEServer } = await import("@sseserver/sseserver");
      await using sse = new SSEServer({ admin: false });
      const { port } = await sse.serve({
        port: 0,
        hostname: "127.0.0.1",
        signals: false,
      });
      assertEquals(printed.length, 1);
      assertMatch(
        String(printed[0]![0]),
        new RegExp(
          `^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z Listening on http://127\\.0\\.0\\.1:${port}/$`,
        ),
      );
    } finally {
      console.log = log;
    }
  });

  it("reports a log function that throws or rejects, and goes on", async () => {
    const failure = new Error("disk full");
    const fail = (line: string) => {
      if (line.startsWith("CONNECT")) throw failure;
    };
    const rejecting = (line: string) => Promise.resolve(line).then(fail);
    for (const log of [fail, rejecting]) {
      const errors: unknown[] = [];
      await using server = await start(
        { onError: (error) => errors.push(error) },
        { log },
      );
      const client = await server.open("/subscribe/a");
      server.sse.broadcast({ namespace: "/a", data: 1 });
      await client.hears(":ok\n\ndata:1\n\n");
      await until(() => errors.length > 0, "the report");
      assertEquals(errors, [failure]);
    }
  });

  it("ignores X-Forwarded-For and X-Real-IP by default", async () => {
    const headers = { "X-Forwarded-For": "6.6.6.6", "X-Real-IP": "7.7.7.7" };
    assertEquals(await addressOf(false, headers), "127.0.0.1");
    assertEquals(await addressOf(0, headers), "127.0.0.1");
  });

  it("takes the address from the trusted proxies, counted from the right", async () => {
    const headers = { "X-Forwarded-For": "6.6.6.6, 10.0.0.1,10.0.0.2:4711" };
    assertEquals(await addressOf(true, headers), "10.0.0.2");
    assertEquals(await addressOf(1, headers), "10.0.0.2");
    assertEquals(await addressOf(2, headers), "10.0.0.1");
    assertEquals(await addressOf(true, {}), "127.0.0.1");
    assertEquals(
      await addressOf(true, { "X-Real-IP": "10.0.0.3" }),
      "10.0.0.3",
    );
    assertEquals(
      await addressOf(true, { "X-Forwarded-For": "[2001:db8::1]:80" }),
      "2001:db8::1",
    );
  });

  it("cannot be forged by what a client sends", async () => {
    const forgeries = [
      "1.1.1.1 CONNECT /forged 2.2.2.2",
      "<script>",
      "1.1.1.1\u0085CONNECT",
      "1.1.1.1%0aCONNECT",
      "",
      ",",
    ];
    for (const forgery of forgeries) {
      assertEquals(
        [forgery, await addressOf(true, { "X-Forwarded-For": forgery })],
        [forgery, "127.0.0.1"],
      );
      await addressOf(true, { "X-Real-IP": forgery });
    }
    const lines: string[] = [];
    await using server = await start({ trustProxy: true, admin: false }, {
      log: (line) => lines.push(line),
    });
    const paths = [
      "/subscribe/a%0aCONNECT%20/forged",
      "/subscribe/a%1b[2J",
      "/subscribe/a%20x?ns=/b%0d%0aDISCONNECT",
      "/subscribe/a%e2%80%a8CONNECT",
      "/subscribe/a\u2028CONNECT",
      "/subscribe/a\u0085CONNECT",
    ];
    for (const path of paths) {
      const client = server.send(path, {
        headers: { "User-Agent": "x\u0085DISCONNECT /forged" },
      });
      await client.answered();
      client.leave();
    }
    await server.open("/subscribe/end");
    await until(() => lines.some((line) => line.includes("/end")), "the end");
    for (const line of lines.slice(1)) {
      assertMatch(
        line,
        /^(CONNECT|DISCONNECT) \/subscribe\/[!-~]+ 127\.0\.0\.1( client)?$/,
      );
    }
  });
});
