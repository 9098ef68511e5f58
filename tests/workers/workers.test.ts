import { assert, assertEquals, assertMatch } from "@std/assert";
import { after, before, describe, it } from "@std/testing/bdd";
import process from "node:process";
import { blocksIn } from "../docs/documents.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { RawClient, type RequestOptions } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";
import {
  bundle,
  readWrangler,
  type WorkerConfig,
  WORKERD,
  Workerd,
  WORKERD_HINT,
} from "../tools/workerd.ts";

const KEY = "0123456789abcdef";
const OPENING = ":ok\n\n";
const KEYED = { headers: { Authorization: `Bearer ${KEY}` } };

const EXAMPLE: WorkerConfig = {
  ...readWrangler("examples/workers/wrangler.jsonc"),
  vars: { PUBLISH_TOKEN: KEY, ADMIN_KEY: KEY },
};
/** With Node's modules, where workerd pretends to be Node. */
const FIXTURE: WorkerConfig = {
  ...EXAMPLE,
  compatibility_flags: ["enable_request_signal", "nodejs_compat"],
  main: "tests/workers/worker.ts",
};

/** From here on there are streams of one's own; Node's modules came much later. */
const OLDEST = "2022-11-30";

const WORKERS: Record<string, WorkerConfig> = {
  example: EXAMPLE,
  oldest: { ...EXAMPLE, compatibility_date: OLDEST },
  fixture: FIXTURE,
  document: {
    ...EXAMPLE,
    main: `tests/fixtures/${process.pid}_worker.ts`,
    code: blocksIn("docs/workers.md")[0]!.code,
  },
  moduleScope: {
    main: "tests/workers/module_scope.ts",
    compatibility_date: EXAMPLE.compatibility_date,
  },
};

describe("a bundle for Workers", () => {
  it("imports nothing", () => {
    assertEquals(bundle(EXAMPLE.main).match(/^import\b.*/gm), null);
  });
});

// One process, and what it shows depends on no runtime but its own.
if (RUNTIME === "node") {
  describe(`workerd${WORKERD_HINT}`, { ignore: WORKERD === undefined }, () => {
    let workerd: Workerd;
    const clients: RawClient[] = [];

    before(async () => {
      workerd = await Workerd.start(WORKERS);
    });

    after(async () => {
      for (const client of clients) client.leave();
      await workerd?.[Symbol.asyncDispose]();
    });

    function send(
      worker: string,
      path: string,
      options?: RequestOptions,
    ): RawClient {
      const client = new RawClient(workerd.port(worker), path, options);
      clients.push(client);
      return client;
    }

    async function ask(
      worker: string,
      path: string,
      options?: RequestOptions,
    ): Promise<RawClient> {
      const client = await send(worker, path, options).done();
      client.leave();
      return client;
    }

    async function open(
      worker: string,
      path: string,
      options?: RequestOptions,
    ): Promise<RawClient> {
      const client = send(worker, path, options);
      await until(() => client.body.includes("\n\n"), `the start of ${path}`);
      return client;
    }

    /** Publishes a text; returns the event's id. */
    async function publish(
      worker: string,
      path: string,
      body: string,
      Host = "hub.test",
    ): Promise<string> {
      const answer = await ask(worker, path, {
        method: "POST",
        headers: {
          ...KEYED.headers,
          Host,
          "Content-Type": "text/plain",
          "Content-Length": String(body.length),
        },
        body,
      });
      assertEquals(answer.status, 201, answer.body);
      return JSON.parse(answer.body).id;
    }

    /** A number of the metrics, as it stands under the name that it has there. */
    async function metric(
      worker: string,
      name: string,
      Host = "hub.test",
    ): Promise<number> {
      const { body } = await ask(worker, "/admin/metrics", {
        headers: { ...KEYED.headers, Host },
      });
      const line = body.split("\n").find((line) => line.startsWith(`${name} `));
      assert(line !== undefined, `${name} in ${body}`);
      return Number(line.split(" ")[1]);
    }

    /** Waits until so many streams are open. */
    async function settles(
      worker: string,
      streams: number,
      host?: string,
    ): Promise<void> {
      let open = -1;
      let asked = Promise.resolve();
      await until(() => {
        asked = asked.then(async () => {
          open = await metric(worker, "sse_streams_open", host);
        });
        return open === streams;
      }, () => `${streams} streams, where there are ${open}`);
      await asked;
    }

    for (const worker of ["example", "oldest"]) {
      describe(`runs the ${worker}`, () => {
        it("delivers what is published to all who hear it, in order", async () => {
          const path = "/subscribe/order";
          const readers = [
            await open(worker, path),
            await open(worker, path),
          ];
          const words = ["one", "two", "three", "x".repeat(200_000)];
          const ids: string[] = [];
          for (const word of words) {
            ids.push(await publish(worker, "/publish/order/a", word));
          }
          const events = words.map((word, i) =>
            `id:${ids[i]}\ndata:${word}\n\n`
          ).join("");
          for (const reader of readers) {
            await reader.hearsLast(events.slice(-100));
            assertMatch(
              reader.body,
              /^:ok\nretry:\d+\n\nid:\w+-\d+\nevent:sse-open\ndata:\{"resumed":false\}\n\n/,
            );
            assert(reader.body.endsWith(events));
            assertEquals(
              reader.header("content-type"),
              "text/event-stream; charset=utf-8",
            );
          }
        });

        it("resumes exactly, or tells of a gap", async () => {
          const first = await publish(worker, "/publish/resume", "1");
          const second = await publish(worker, "/publish/resume", "2");
          const resumed = await open(worker, "/subscribe/resume", {
            headers: { "Last-Event-ID": first },
          });
          await resumed.hearsLast(`id:${second}\ndata:2\n\n`);
          assertMatch(resumed.body, /"resumed":true/);
          assertEquals(resumed.body.includes("data:1"), false);
          const third = await publish(worker, "/publish/resume", "3");
          await resumed.hearsLast(
            `id:${second}\ndata:2\n\nid:${third}\ndata:3\n\n`,
          );
          const lost = await open(worker, "/subscribe/resume", {
            headers: { "Last-Event-ID": "another-1" },
          });
          await lost.hearsLast("data:3\n\n");
          assertMatch(lost.body, /event:sse-gap\ndata:.*"reason":"epoch"/);
          const latest = await open(worker, "/subscribe/resume?latest");
          await latest.hearsLast('data:{"resumed":false}\n\n');
          assertMatch(latest.body, /^:ok\nretry:\d+\n\ndata:3\n\nid:/);
        });

        it("refuses what it should, and registers nobody for HEAD", async () => {
          const before = await metric(worker, "sse_streams_open");
          const head = await ask(worker, "/subscribe/a", { method: "HEAD" });
          assertEquals([head.status, head.header("content-type")], [
            200,
            "text/event-stream; charset=utf-8",
          ]);
          const preflight = await ask(worker, "/subscribe/a", {
            method: "OPTIONS",
            headers: {
              Origin: "https://example.com",
              "Access-Control-Request-Method": "GET",
            },
          });
          assertEquals(
            [preflight.status, preflight.header("access-control-allow-origin")],
            [204, "*"],
          );
          const post = { method: "POST", headers: { "Content-Length": "0" } };
          for (
            const [path, options, status] of [
              ["/subscribe/a%2fb", {}, 400],
              ["/subscribe/a", post, 405],
              ["/publish/a", post, 401],
              ["/admin/", {}, 403],
              ["/nothing", {}, 404],
            ] as const
          ) {
            const answer = await ask(worker, path, options);
            assertEquals(answer.status, status, path);
          }
          assertEquals(await metric(worker, "sse_streams_open"), before);
        });

        it("shows the console to who has the key, with the clients' addresses", async () => {
          const client = await open(worker, "/subscribe/address", {
            headers: {
              "CF-Connecting-IP": "192.0.2.7",
              "X-Forwarded-For": "203.0.113.1",
            },
          });
          const page = await ask(worker, "/admin/", KEYED);
          assertEquals(page.status, 200);
          assertMatch(page.body, /^<!doctype html>/i);
          const { body } = await ask(
            worker,
            "/admin/status.json?namespace=/address",
            KEYED,
          );
          const status = JSON.parse(body);
          assertEquals([status.runtime, status.memory_bytes, status.node], [
            "workerd",
            null,
            "workerd-development-unknown",
          ]);
          const addresses = status.connections.map(
            (row: { client_ip: string }) => row.client_ip,
          );
          assertEquals(addresses, ["192.0.2.7"]);
          const feed = await open(worker, "/admin/events", KEYED);
          await until(() => feed.body.includes("event:stats\n"));
          feed.leave();
          client.leave();
        });

        it("forgets clients that have gone, at the next thing it writes", async () => {
          const before = await metric(worker, "sse_streams_open");
          const leaving = await open(worker, "/subscribe/leaving");
          const resetting = await open(worker, "/subscribe/resetting");
          const staying = await open(worker, "/subscribe/leaving");
          await settles(worker, before + 3);
          // An RST is noticed at once, a FIN when something is written.
          resetting.reset();
          await settles(worker, before + 2);
          leaving.leave();
          await publish(worker, "/publish/leaving", "still there?");
          await staying.hearsLast("data:still there?\n\n");
          await settles(worker, before + 1);
          staying.reset();
          await settles(worker, before);
        });
      });
    }

    const at = (name: string) => ({ headers: { Host: name } });

    it("sends keepalives, which find out who has left", async () => {
      const clients = await Promise.all(
        [1, 2].map(() => open("fixture", "/subscribe/a", at("alive.test"))),
      );
      for (const client of clients) {
        await client.hearsLast(":keepalive\n:keepalive\n:keepalive\n");
      }
      for (const client of clients) client.leave();
      await settles("fixture", 0, "alive.test");
    });

    it("cuts off a reader that is too slow, and nobody else", async () => {
      const host = "slow.test";
      const slow = await open("fixture", "/subscribe/a", at(host));
      const good = await open("fixture", "/subscribe/a", at(host));
      slow.stall();
      const large = "x".repeat(250_000);
      const cut = 'sse_evictions_total{reason="slow"}';
      let sent = 0;
      while (await metric("fixture", cut, host) === 0) {
        await publish("fixture", "/publish/a", large, host);
        sent++;
        await until(() => good.body.split("data:").length - 1 === sent);
      }
      assertEquals(await metric("fixture", "sse_streams_open", host), 1);
      assertEquals(
        good.body.replaceAll(":keepalive\n", ""),
        OPENING + `data:${large}\n\n`.repeat(sent),
      );
      slow.socket.resume();
      assertEquals((await slow.done()).ending, "cut");
      assert(slow.body.length < good.body.length);
    });

    it("broadcasts from code of its own, to routes of its own", async () => {
      const host = at("own.test");
      const client = await open("fixture", "/subscribe/a", host);
      const own = await open("fixture", "/updates", host);
      await ask("fixture", "/later", host);
      await client.hearsSomewhere("data:later\n\n");
      await publish("fixture", "/publish/users/ann", "hello", "own.test");
      await own.hearsSomewhere("data:hello\n\n");
      assertEquals(own.body.includes("later"), false);
    });

    it("takes what another Worker publishes", async () => {
      const client = await open("fixture", "/subscribe/news", at("hub"));
      const answer = await ask("fixture", "/publish-from-here");
      assertEquals(answer.status, 201, answer.body);
      await client.hearsSomewhere('data:{"headline":"It works"}\n\n');
    });

    it("runs what the documentation begins with", async () => {
      const client = await open("document", "/subscribe/a");
      assertMatch(client.body, /^:ok\nretry:\d+\n\nid:.*\nevent:sse-open\n/);
    });

    it("lets in by ticket, and back in by its cookie", async () => {
      const { headers } = at("ticket.test");
      const { body: ticket } = await ask("fixture", "/ticket", { headers });
      const path = `/subscribe/private?ns=/a&ticket=${ticket}`;
      const client = await open("fixture", path, { headers });
      const cookie = client.header("set-cookie")!.split(";")[0]!;
      assertEquals((await ask("fixture", path, { headers })).status, 401);
      const again = await open("fixture", path, {
        headers: { ...headers, Cookie: cookie },
      });
      assertEquals(again.status, 200);
    });

    it("ends and closes streams as elsewhere", async () => {
      const host = at("end.test");
      const ending = await open("fixture", "/subscribe/a", host);
      const staying = await open("fixture", "/subscribe/b", host);
      await ask("fixture", "/end", host);
      assertEquals((await ending.done()).ending, "complete");
      assertMatch(ending.body, /event:sse-end\n/);
      assertEquals(staying.ending, "open");
      await ask("fixture", "/close", host);
      assertEquals((await staying.done()).ending, "complete");
      const refused = await ask("fixture", "/subscribe/a", host);
      assertEquals(refused.status, 200);
      assertMatch(refused.body, /^retry:\d+\n\n$/);
    });

    it("says that it cannot listen", async () => {
      const { body } = await ask("fixture", "/serve", at("serve.test"));
      assertMatch(
        body,
        /^Error: Cannot serve as this is not Deno, Bun or Node: pass the server's fetch to the host/,
      );
    });

    it("makes a server at module scope, which answers all but streams", async () => {
      const head = await ask("moduleScope", "/subscribe/a", { method: "HEAD" });
      assertEquals(head.status, 200);
      assertEquals((await ask("moduleScope", "/subscribe/..")).status, 400);
      await publish("moduleScope", "/publish/a", "1");
      const status = await ask("moduleScope", "/admin/status.json");
      assertEquals(JSON.parse(status.body).msgs_broadcast, 1);
    });

    it("had nothing to complain of but the slow reader", () => {
      const lines = workerd.output.split("\n");
      const slow = /CutOffError: The stream was cut off as its client is slow$/;
      assertEquals(lines.filter((line) => line && !slow.test(line)), []);
    });
  });
}
