import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

describe("callbacks that throw while events are broadcast", () => {
  it("hurt nobody, whether they throw or reject", async () => {
    const errors: string[] = [];
    let connects = 0;
    let disconnects = 0;
    await using server = await start({
      onConnect() {
        connects++;
        if (connects % 2) throw new Error("connect");
        return Promise.reject(new Error("connect"));
      },
      onDisconnect() {
        disconnects++;
        if (disconnects % 2) throw new Error("disconnect");
        return Promise.reject(new Error("disconnect"));
      },
      onError: (error) => errors.push((error as Error).message),
    });
    const clients = await server.openMany(10, "/subscribe/a");
    let expected = ":ok\n\n";
    for (let i = 0; i < 20; i++) {
      server.sse.broadcast({ namespace: "/a", data: i });
      expected += `data:${i}\n\n`;
      if (i === 5) {
        for (const leaver of clients.splice(0, 4)) leaver.reset();
      }
      if (i === 10) clients.push(server.send("/subscribe/b"));
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    for (const client of clients.slice(0, 6)) await client.hears(expected);
    await server.settles(7);
    await until(() => errors.length === 15, () => `15 errors: ${errors}`);
    assertEquals([connects, disconnects], [11, 4]);
    assertEquals(errors.filter((error) => error === "connect").length, 11);
    assertEquals(errors.filter((error) => error === "disconnect").length, 4);
  });

  it("hurt nobody even where onError itself throws or rejects", async () => {
    const printed: unknown[][] = [];
    const { error } = console;
    console.error = (...args) => void printed.push(args);
    try {
      let told = 0;
      await using server = await start({
        onConnect() {
          throw new Error("onConnect");
        },
        onError() {
          told++;
          if (told % 2) throw new Error("onError");
          return Promise.reject(new Error("onError"));
        },
      });
      const clients = await server.openMany(4, "/subscribe/a");
      server.sse.broadcast({ namespace: "/a", data: 1 });
      for (const client of clients) await client.hears(":ok\n\ndata:1\n\n");
      await until(() => printed.length === 4, "what goes to the console");
      assertEquals(told, 4);
      for (const args of printed) {
        assertEquals(
          args.map((arg) => arg instanceof Error ? arg.message : arg),
          [
            "onError failed:",
            "onError",
            "while it was told:",
            "onConnect",
          ],
        );
      }
    } finally {
      console.error = error;
    }
  });

  it("may call the server back from inside", async () => {
    await using server = await start({
      onConnect({ requestPath }) {
        server.sse.broadcast({ namespace: "/log", data: requestPath });
      },
      onDisconnect({ requestPath }, reason) {
        server.sse.broadcast({
          namespace: "/log",
          event: reason,
          data: requestPath,
        });
      },
    });
    const log = await server.open("/subscribe/log");
    (await server.open("/subscribe/a")).leave();
    await log.hearsLast(
      "data:/subscribe/a\n\nevent:client\ndata:/subscribe/a\n\n",
    );
  });

  it("are not needed for a bad message to fail at once, in the middle of good ones", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    const bad = [
      { namespace: "/a", data: undefined },
      { namespace: "/a", event: "x\nid:1", data: "" },
      { namespace: "/a/..", data: "" },
    ];
    const errors: string[] = [];
    server.sse.broadcast({ namespace: "/a", data: "before" });
    for (const message of bad) {
      try {
        server.sse.broadcast(message);
      } catch (error) {
        errors.push((error as Error).name);
      }
    }
    server.sse.broadcast({ namespace: "/a", data: "after" });
    assertEquals(errors, ["TypeError", "TypeError", "TypeError"]);
    await client.hears(":ok\n\ndata:before\n\ndata:after\n\n");
  });
});

describe("a client that vanishes while events are broadcast", () => {
  for (const how of ["reset", "leave", "halfClose"] as const) {
    it(`hurts nobody when it goes by ${how}()`, async () => {
      await using server = await start();
      const stay = await server.openMany(20, "/subscribe/a");
      const go = await server.openMany(20, "/subscribe/a");
      let expected = ":ok\n\n";
      for (let i = 0; i < 200; i++) {
        server.sse.broadcast({ namespace: "/a", data: i });
        expected += `data:${i}\n\n`;
        if (i % 10 === 0) {
          go[i / 10]!.socket.resume();
          go[i / 10]![how]();
          await new Promise((resolve) => setTimeout(resolve));
        }
      }
      for (const client of stay) await client.hears(expected);
      await server.settles(20);
      server.sse.broadcast({ namespace: "/a", data: "end" });
      for (const client of stay) {
        await client.hears(expected + "data:end\n\n");
      }
    });
  }
});
