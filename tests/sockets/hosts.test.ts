import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer, type Status } from "@sseserver/sseserver";
import { Hono } from "hono";
import { Program } from "../tools/program.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";

/** Milliseconds of silence after which `Bun.serve` cuts a connection off, and a bit. */
const BUN_SILENCE = 12_500;

/** The parts of the runtimes that are used here: each has only its own types. */
const { Deno: deno, Bun: bun } = globalThis as unknown as {
  Deno: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: unknown,
    ): { addr: { port: number }; shutdown(): Promise<void> };
  };
  Bun: {
    serve(
      options: { port: number; hostname: string; fetch: unknown },
    ): { port: number; stop(force: boolean): Promise<void> };
  };
};

/** A program whose server broadcasts all the time. */
const TICKING = `
  import { SSEServer } from "@sseserver/sseserver";
  const sse = new SSEServer({ retry: false });
  setInterval(() => sse.broadcast({ namespace: "/tick", data: "tick" }), 20);
`;

/** Everything that a host has to do for a server that is ticking. */
async function checkHost(port: number, prefix = ""): Promise<void> {
  const client = new RawClient(port, `${prefix}/subscribe/tick`);
  await until(() => client.body.length > 50, "ticks");
  assertMatch(client.body, /^:ok\n\n(data:tick\n\n)+/);
  assertEquals(
    client.header("content-type"),
    "text/event-stream; charset=utf-8",
  );
  const head = new RawClient(port, `${prefix}/subscribe/tick`, {
    method: "HEAD",
  });
  assertEquals((await head.answered()).status, 200);
  const connections = async () => {
    const answer = new RawClient(port, `${prefix}/admin/status.json`);
    await answer.done();
    answer.leave();
    assertEquals(answer.status, 200, answer.body);
    return (JSON.parse(answer.body) as Status).connections
      .map((one) =>
        // As it is written where a host listens on IPv6 too.
        `${one.request_path} ${one.client_ip}`
      );
  };
  assertEquals(await connections(), [
    `${prefix}/subscribe/tick 127.0.0.1`,
  ]);
  client.leave();
  head.leave();
  let open: string[] = ["?"];
  for (let i = 0; i < 200 && open.length > 0; i++) {
    open = await connections();
    await sleep(10);
  }
  assertEquals(open, []);
}

/** A server in this process that ticks while a host is checked. */
async function ticking(use: (sse: SSEServer) => Promise<void>): Promise<void> {
  await using sse = new SSEServer({ retry: false });
  const timer = setInterval(
    () => sse.broadcast({ namespace: "/tick", data: "tick" }),
    20,
  );
  try {
    await use(sse);
  } finally {
    clearInterval(timer);
  }
}

if (RUNTIME === "deno") {
  describe("hosts of Deno", () => {
    it("Deno.serve(sse.fetch) serves", () =>
      ticking(async (sse) => {
        const host = deno.serve(
          { port: 0, hostname: "127.0.0.1", onListen() {} },
          sse.fetch,
        );
        await checkHost(host.addr.port);
        await host.shutdown();
      }));

    it("deno serve takes a server as the default export", async () => {
      await using child = new Program(`${TICKING} export default sse;`, [
        "serve",
        "-A",
        "--port=0",
        "--host=127.0.0.1",
      ]);
      await checkHost(await child.port());
    });

    it("deno run --allow-net is enough", async () => {
      await using child = new Program(
        `${TICKING} await sse.serve({ port: 0, hostname: "127.0.0.1" });
        const { state } = Deno.permissions.querySync({ name: "read" });
        console.log("Read permission: " + state);`,
        ["run", "--allow-net", "--no-prompt"],
      );
      await checkHost(await child.port());
      await child.prints("Read permission: prompt");
      child.signal("SIGTERM");
      assertEquals(await child.end(), 0);
    });

    it("deno run without --allow-net fails with a clear error", async () => {
      await using child = new Program(
        `${TICKING} await sse.serve({ port: 0, hostname: "127.0.0.1" });`,
        // Without any such flag, Deno 2.9 gives a child all permissions.
        ["run", "--deny-net", "--no-prompt"],
      );
      assertEquals(await child.end(), 1);
      assertMatch(
        child.output,
        /Cannot serve on 127\.0\.0\.1:0: Net access was not granted/,
      );
    });
  });
}

if (RUNTIME === "bun") {
  describe("hosts of Bun", () => {
    it("Bun.serve({ fetch: sse.fetch }) serves", () =>
      ticking(async (sse) => {
        const host = bun.serve({
          port: 0,
          hostname: "127.0.0.1",
          fetch: sse.fetch,
        });
        await checkHost(host.port);
        await host.stop(true);
      }));

    it("bun run takes a server as the default export", async () => {
      await using child = new Program(
        `${TICKING}
        Object.defineProperty(sse, "port", { value: 0 });
        export default sse;`,
      );
      await checkHost(await child.port());
    });

    it("Bun's idle time-out of 10 s cuts no silent stream off", async () => {
      // Silent for longer than anything here takes.
      await using sse = new SSEServer({ retry: false, keepAlive: 120_000 });
      await using mounted = new SSEServer({ retry: false });
      const host = bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: sse.fetch,
      });
      const app = new Hono().mount("/live", mounted.fetch);
      const other = bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: app.fetch,
      });
      const handle = await sse.serve({
        port: 0,
        hostname: "127.0.0.1",
        log: false,
        signals: false,
      });
      const silent = new RawClient(host.port, "/subscribe/a");
      const served = new RawClient(handle.port, "/subscribe/a");
      const foreign = new RawClient(other.port, "/live/subscribe/a");
      for (const client of [silent, served, foreign]) {
        await client.hears(":ok\n\n");
      }
      await sleep(BUN_SILENCE);
      for (const server of [sse, mounted]) {
        server.broadcast({ namespace: "/a", data: "awake" });
      }
      await silent.hears(":ok\n\ndata:awake\n\n");
      await served.hears(":ok\n\ndata:awake\n\n");
      await foreign.hearsSomewhere("data:awake\n\n");
      assertMatch(
        foreign.body,
        /^:ok\n\n(:keepalive\n)+data:awake\n\n(:keepalive\n)*$/,
      );
      for (const client of [silent, served, foreign]) client.leave();
      await host.stop(true);
      await other.stop(true);
    });
  });
}

if (RUNTIME === "node") {
  describe("hosts of Node", () => {
    for (const how of ["sse.fetch", "new Hono().route('/', sse.app).fetch"]) {
      it(`@hono/node-server with its defaults serves ${how}`, async () => {
        await using child = new Program(`${TICKING}
          import { Hono } from "hono";
          import { serve } from "@hono/node-server";
          void Hono;
          serve({ fetch: ${how}, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
            console.log("http://127.0.0.1:" + port));
        `);
        await checkHost(await child.port());
      });
    }

    it("serve() leaves the program's own Request and Response alone", async () => {
      const before = [globalThis.Request, globalThis.Response];
      await using sse = new SSEServer();
      await sse.serve({
        port: 0,
        hostname: "127.0.0.1",
        log: false,
        signals: false,
      });
      assertEquals(globalThis.Request === before[0], true);
      assertEquals(globalThis.Response === before[1], true);
    });
  });
}
