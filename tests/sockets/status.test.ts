import { SSEServer, type Status } from "@sseserver/sseserver";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "hono";
import { RUNTIME } from "../tools/runtime.ts";
import { start } from "../tools/sockets.ts";

const PATH = "/admin/status.json";

describe("status.json over real sockets", () => {
  it("has the Go package's fields, and more", async () => {
    const before = Math.floor(Date.now() / 1000);
    await using server = await start();
    const client = await server.open("/subscribe/a?ns=/b&x=1", {
      headers: { "User-Agent": "curl/8 (test)" },
    });
    server.sse.broadcast({ namespace: "/b", data: 1 });
    server.sse.broadcast({ namespace: "/nobody", data: 2 });
    await client.hears(":ok\n\ndata:1\n\n");
    await server.open("/subscribe//c/");
    const answer = await server.ask(PATH);
    assertEquals(answer.status, 200);
    assertEquals(
      answer.header("content-type"),
      "application/json; charset=utf-8",
    );
    const status: Status = JSON.parse(answer.body);
    const after = Math.floor(Date.now() / 1000);
    assertEquals(answer.body, JSON.stringify(status, null, 2) + "\n");
    assertEquals(Object.keys(status), [
      "node",
      "status",
      "reported_at",
      "startup_time",
      "msgs_broadcast",
      "runtime",
      "version",
      "deliveries",
      "bytes_sent",
      "queue_bytes",
      "memory_bytes",
      "engine",
      "total_connections",
      "connections",
    ]);
    assertEquals(status.runtime, RUNTIME);
    assertMatch(status.version, /^\d+\.\d+\.\d+/);
    assertMatch(status.node, new RegExp(`^${RUNTIME}-\\w+-\\S+$`));
    for (const time of [status.reported_at, status.startup_time]) {
      assertEquals(Number.isInteger(time), true);
      assertEquals(time >= before && time <= after, true);
    }
    const [first, second] = status.connections;
    assertEquals(status, {
      ...status,
      status: "OK",
      msgs_broadcast: 2,
      deliveries: 1,
      bytes_sent: "data:1\n\n".length,
      queue_bytes: 0,
      total_connections: 2,
      connections: [{
        id: 1,
        request_path: "/subscribe/a",
        namespace: "/a,/b",
        created_at: first!.created_at,
        client_ip: "127.0.0.1",
        user_agent: "curl/8 (test)",
        user: "",
        msgs_sent: 1,
        lag: 0,
        state: "live",
      }, {
        id: 2,
        request_path: "/subscribe//c/",
        namespace: "/c",
        created_at: second!.created_at,
        client_ip: "127.0.0.1",
        user_agent: "",
        user: "",
        msgs_sent: 0,
        lag: 0,
        state: "live",
      }],
    });
    assertEquals(
      Object.keys(first!).join(" "),
      "id request_path namespace created_at client_ip user_agent user msgs_sent lag state",
    );
    assertEquals(first!.created_at >= before, true);
    assertEquals(second!.created_at <= after, true);
  });

  it("counts what each connection was sent since it came, oldest first", async () => {
    await using server = await start();
    const sent = () =>
      server.sse.status().connections.map((one) =>
        `${one.user_agent} ${one.msgs_sent}`
      );
    const open = (name: string, path: string) =>
      server.open(path, { headers: { "User-Agent": name } });
    const first = await open("first", "/subscribe/a");
    for (let i = 0; i < 5; i++) {
      server.sse.broadcast({ namespace: "/a", data: i });
    }
    await first.hearsLast("data:4\n\n");
    const late = await open("late", "/subscribe/a");
    const root = await open("root", "/subscribe/");
    assertEquals(sent(), ["first 5", "late 0", "root 0"]);
    for (let i = 5; i < 8; i++) {
      server.sse.broadcast({ namespace: "/a/b", data: i });
    }
    server.sse.broadcast({ namespace: "/other", data: "end" });
    await root.hearsLast("data:end\n\n");
    await first.hearsLast("data:7\n\n");
    await late.hears(":ok\n\ndata:5\n\ndata:6\n\ndata:7\n\n");
    assertEquals(sent(), ["first 8", "late 3", "root 4"]);
    first.leave();
    await server.settles(2);
    await open("last", "/subscribe/a");
    assertEquals(sent(), ["late 3", "root 4", "last 0"]);
  });

  it("counts for one who came in the same turn as an event", async () => {
    await using server = await start();
    let next = 0;
    const open = async () => {
      const client = server.send("/subscribe/a");
      while (!client.body.startsWith(":ok\n\n")) {
        server.sse.broadcast({ namespace: "/a", data: next++ });
        await new Promise((resolve) => setTimeout(resolve));
      }
      return client;
    };
    const clients = [await open(), await open(), await open()];
    server.sse.broadcast({ namespace: "/a", data: "end" });
    for (const client of clients) await client.hearsLast("data:end\n\n");
    assertEquals(
      server.sse.status().connections.map((one) => one.msgs_sent),
      clients.map(({ body }) => body.split("data:").length - 1),
    );
  });

  it("is for clients of this machine that come without a proxy", async () => {
    await using server = await start();
    const statusFor = async (headers: Record<string, string>) => {
      const { status, body } = await server.ask(PATH, { headers });
      if (status !== 200) assertMatch(body, /^403 admin endpoint: .*\n$/);
      return status;
    };
    const { port } = server;
    for (
      const host of [
        "localhost",
        `localhost:${port}`,
        "app.localhost",
        "127.0.0.1",
        "127.1.2.3:99",
        "[::1]",
        `[::1]:${port}`,
      ]
    ) {
      assertEquals([host, await statusFor({ Host: host })], [host, 200]);
    }
    for (
      const host of [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
      ]
    ) {
      assertEquals([host, await statusFor({ Host: host })], [host, 403]);
    }
    for (
      const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "x-real-ip"]
    ) {
      for (const value of ["127.0.0.1", "for=127.0.0.1", ""]) {
        assertEquals(
          [name, await statusFor({ [name]: value })],
          [name, 403],
        );
      }
    }
  });

  it("is not for a peer that nobody knows", async () => {
    await using sse = new SSEServer();
    const url = `http://localhost${PATH}`;
    assertEquals((await sse.fetch(new Request(url))).status, 403);
    assertEquals((await sse.fetch(new Request(url), {})).status, 403);
    assertEquals(
      (await sse.fetch(new Request(url), {
        remoteAddr: { hostname: "10.0.0.1" },
      })).status,
      403,
    );
    for (const hostname of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      const info = { remoteAddr: { hostname } };
      assertEquals((await sse.fetch(new Request(url), info)).status, 200);
    }
  });

  it("is for everyone with admin: true", async () => {
    await using server = await start({ admin: true });
    const headers = { Host: "public.example", "X-Forwarded-For": "10.0.0.1" };
    assertEquals((await server.ask(PATH, { headers })).status, 200);
    assertEquals(
      (await server.sse.fetch(new Request(`http://a.example${PATH}`))).status,
      200,
    );
  });

  it("is for nobody with admin: false", async () => {
    await using server = await start({ admin: false });
    for (const path of [PATH, "/admin/", "/admin/anything"]) {
      const { status, body } = await server.ask(path);
      assertEquals(status, 403);
      assertStringIncludes(body, "admin endpoint disabled");
    }
  });

  it("has the same rules where the app is mounted", async () => {
    const answers = async (admin: boolean | undefined, host: string) => {
      await using inner = new SSEServer(admin === undefined ? {} : { admin });
      const app = new Hono().route("/live", inner.app);
      app.mount("/other", inner.fetch);
      const request = (prefix: string) =>
        app.fetch(
          new Request(`http://${host}${prefix}${PATH}`),
          { remoteAddr: { hostname: "127.0.0.1" } },
        );
      return [
        (await request("/live")).status,
        (await request("/other")).status,
      ];
    };
    assertEquals(await answers(undefined, "localhost"), [200, 200]);
    assertEquals(await answers(undefined, "evil.example"), [403, 403]);
    assertEquals(await answers(true, "evil.example"), [200, 200]);
    assertEquals(await answers(false, "localhost"), [403, 403]);
  });
});
