import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { sign } from "hono/jwt";
import { VERSION } from "../src/cli/version.ts";
import { ROOT } from "./tools/command.ts";
import { HubProcess, startHub } from "./tools/hub_process.ts";
import { freePort } from "./tools/free_port.ts";
import { REDIS, REDIS_HINT, RedisServer } from "./tools/redis_server.ts";
import { RawClient } from "./tools/raw_client.ts";
import { until } from "./tools/waiting.ts";

const TOKEN = "0123456789abcdef";
const SECRET = "a secret that has 32 bytes or more";

const IS_LINUX = process.platform === "linux";

/** Where no Redis is. */
const NOWHERE = "redis://:a-password@127.0.0.1:1";

async function publish(
  port: number,
  path: string,
  token: string,
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/publish${path}`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${token}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ event: "note", data: { text: "hi" } }),
  });
  await response.text();
  return response.status;
}

describe("the hub", () => {
  it("takes what is published and sends it on, and drains on SIGTERM", async () => {
    await using running = startHub(["--history", "--drain", "300"], {
      SSE_PUBLISH_TOKEN: TOKEN,
    });
    const port = await running.port();
    const client = new RawClient(port, "/subscribe/users");
    await client.hearsSomewhere("sse-open");
    assertEquals(await publish(port, "/users/42", TOKEN), 201);
    await client.hearsSomewhere('event:note\ndata:{"text":"hi"}\n\n');
    assertEquals(await publish(port, "/users/42", `${TOKEN}x`), 401);
    assertMatch(
      running.stdout,
      /^\S+ Listening on http:\/\/127\.0\.0\.1:\d+\//,
    );
    assertStringIncludes(running.stdout, "Console at http://127.0.0.1:");
    running.signal("SIGTERM");
    await client.done();
    assertEquals(client.ending, "complete");
    assertMatch(client.body, /retry:\d+\n\n$/);
    assertEquals(await running.ended(), 0);
    assertStringIncludes(running.stdout, "CONNECT /subscribe/users 127.0.0.1");
    assertEquals(running.stdout.includes(TOKEN), false);
  });

  it("has nothing published to it unless somebody may", async () => {
    await using running = startHub();
    assertEquals(await publish(await running.port(), "/a", TOKEN), 404);
  });

  it("goes by tokens, and logs JSON", async () => {
    await using running = startHub([
      "--log=json",
      "--admin-key",
      "abcdefghijklmnop",
      "--cors-origin",
      "https://a.example, https://b.example",
    ], { SSE_JWT_SECRET: SECRET, SSE_JWT_AUDIENCE: "hub" });
    const port = await running.port();
    const token = await sign({
      sub: "ann",
      aud: "hub",
      exp: Math.floor(Date.now() / 1000) + 60,
      subscribe: ["/users/ann"],
      publish: ["/users/ann"],
    }, SECRET);
    const refused = await new RawClient(port, "/subscribe/users/ann").done();
    assertEquals(refused.status, 401);
    const client = new RawClient(port, "/subscribe/", {
      headers: {
        Authorization: `Bearer ${token}`,
        Origin: "https://b.example",
      },
    });
    await client.hearsSomewhere(":ok\n");
    assertEquals(
      client.header("access-control-allow-origin"),
      "https://b.example",
    );
    assertEquals(await publish(port, "/users/ann/1", token), 201);
    assertEquals(await publish(port, "/users/bob", token), 403);
    await client.hearsSomewhere('data:{"text":"hi"}\n\n');
    client.leave();
    await until(() => running.stdout.includes("disconnect"), "the log");
    running.signal("SIGINT");
    assertEquals(await running.ended(), 0);
    const lines = running.stdout.trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(lines.map(({ event }) => event), [
      "listening",
      "connect",
      "disconnect",
    ]);
    assertMatch(lines[0].time, /^\d{4}-.*Z$/);
    assertEquals([lines[1].user, lines[1].namespaces, lines[1].client], [
      "ann",
      ["/users/ann"],
      "127.0.0.1",
    ]);
    assertEquals(lines[2].reason, "client");
    assertEquals(running.stdout.includes(token), false);
  });

  it("tells what is wrong with its command line, with exit code 2", async () => {
    const wrong: [string[], Record<string, string>, string][] = [
      [["--prot", "80"], {}, "unknown option '--prot'"],
      [["--port", "http"], {}, "It must be an integer from 0 to 65535"],
      [["--port"], {}, "argument missing"],
      [["--history", "-1"], {}, "-1"],
      [["--log", "xml"], {}, "Allowed choices are text, json"],
      [[], { SSE_PORT: "70000" }, "SSE_PORT"],
      [["--publish-token", "short"], {}, "'publish.token' must have at least"],
      [["--jwt-secret", "short"], {}, "'secret' must have at least 32 bytes"],
      [["--jwt-issuer", "me"], {}, "without '--jwt-secret'"],
      [["--cors-origin", "example.com"], {}, "'cors.origin'"],
      [["--redis", "localhost"], {}, "begins with redis:// or rediss://"],
      [["--redis-prefix", "a b"], { SSE_REDIS: NOWHERE }, "'prefix' must have"],
      [["--redis-prefix", "a"], {}, "without '--redis'"],
      [["--history", "false"], { SSE_REDIS: NOWHERE }, "'history' must not be"],
      [[], { SSE_REUSE_PORT: "2" }, "It must be true or false"],
      [["news"], {}, "too many arguments"],
    ];
    for (const [args, env, message] of wrong) {
      await using running = new HubProcess(args, env);
      assertEquals([args, await running.ended()], [args, 2]);
      assertStringIncludes(running.stderr, message);
      assertEquals(running.stdout, "");
    }
  });

  it("tells that its port is taken, with exit code 1", async () => {
    await using running = startHub();
    const port = await running.port();
    await using second = new HubProcess([
      "--host",
      "127.0.0.1",
      "--port",
      `${port}`,
    ]);
    assertEquals(await second.ended(), 1);
    assertStringIncludes(second.stderr, `Cannot serve on 127.0.0.1:${port}`);
  });

  it("shows every option with its variable, and the version", async () => {
    await using help = new HubProcess(["--help"]);
    assertEquals(await help.ended(), 0);
    const options = [...help.stdout.matchAll(/^ +(?:-\w, )?--([\w-]+)/gm)]
      .map(([, name]) => name!);
    assertEquals(options.length > 15, true, options.join());
    for (const name of options) {
      if (["help", "version", "no-admin"].includes(name)) continue;
      const variable = `SSE_${name.toUpperCase().replaceAll("-", "_")}`;
      assertStringIncludes(
        help.stdout.replace(/\s+/g, " "),
        `env: ${variable})`,
      );
    }
    await using version = new HubProcess(["--version"]);
    assertEquals(await version.ended(), 0);
    assertEquals(version.stdout.trim(), VERSION);
    const { version: published } = JSON.parse(
      readFileSync(`${ROOT}/package.json`, "utf8"),
    );
    assertEquals(VERSION, published);
  });

  it({
    name: `shares its port with --reuse-port${
      IS_LINUX ? "" : " (needs: Linux)"
    }`,
    ignore: !IS_LINUX,
    fn: async () => {
      await using one = startHub(["--reuse-port"]);
      const port = await one.port();
      await using two = startHub(["--port", `${port}`], {
        SSE_REUSE_PORT: "true",
      });
      assertEquals(await two.port(), port);
    },
  });

  it("says that it waits for a Redis, and ends on SIGTERM meanwhile", async () => {
    await using running = startHub(["--drain", "60000"], {
      SSE_REDIS: `redis://:a-password@127.0.0.1:${await freePort()}`,
    });
    await until(
      () => running.stderr.includes("Cannot connect to Redis, trying again"),
      () => `what it waits for in ${running.stderr}`,
    );
    running.signal("SIGTERM");
    assertEquals(await running.ended(), 0);
    assertEquals(running.stdout, "");
    assertEquals(running.stderr.includes("a-password"), false);
  });

  it("says which package is missing, with exit code 1", async () => {
    const root = mkdtempSync(path.join(tmpdir(), "sseserver-cli-"));
    try {
      for (const name of ["src", "package.json"]) {
        cpSync(`${ROOT}/${name}`, `${root}/${name}`, { recursive: true });
      }
      mkdirSync(`${root}/node_modules/@hono`, { recursive: true });
      for (const name of ["commander", "hono", "@hono/node-server"]) {
        symlinkSync(
          `${ROOT}/node_modules/${name}`,
          `${root}/node_modules/${name}`,
        );
      }
      await using running = new HubProcess([], { SSE_REDIS: NOWHERE }, root);
      assertEquals(await running.ended(), 1);
      assertMatch(
        running.stderr,
        /^error: .* the package 'redis' is not installed: npm install redis@6/,
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe(
  `hubs on one Redis${REDIS_HINT}`,
  { ignore: REDIS === undefined },
  () => {
    it("are one, whichever a client comes to", async () => {
      await using shared = await RedisServer.start();
      const env = { SSE_REDIS: shared.url, SSE_PUBLISH_TOKEN: TOKEN };
      const options = ["--redis-prefix", "hubs", "--history", "2"];
      await using one = startHub(options, env);
      await using two = startHub(options, env);
      await using apart = startHub([], env);
      const [here, there, elsewhere] = [
        await one.port(),
        await two.port(),
        await apart.port(),
      ];
      const clients = [here, there].map((port) =>
        new RawClient(port, "/subscribe/users")
      );
      const stranger = new RawClient(elsewhere, "/subscribe/users");
      for (const client of [...clients, stranger]) {
        await client.hearsSomewhere("sse-open");
      }
      for (let i = 0; i < 4; i++) {
        assertEquals(await publish(here, `/users/${i}`, TOKEN), 201);
      }
      const ids = [];
      for (const client of clients) {
        await until(() => events(client).length === 4, () => client.body);
        ids.push(events(client));
        client.leave();
      }
      assertEquals(ids[0], ids[1]);
      // Both still have the last two, and no more.
      for (const port of [here, there]) {
        const resumed = new RawClient(port, "/subscribe/users", {
          headers: { "Last-Event-ID": ids[0]![1]! },
        });
        await until(() => events(resumed).length === 2, () => resumed.body);
        assertEquals(events(resumed), ids[0]!.slice(2));
        assertEquals(resumed.body.includes("sse-gap"), false);
        const late = new RawClient(port, "/subscribe/users", {
          headers: { "Last-Event-ID": ids[0]![0]! },
        });
        await late.hearsSomewhere("sse-gap");
        for (const client of [resumed, late]) client.leave();
      }
      assertEquals(events(stranger), []);
      stranger.leave();
    });

    it("listen once Redis is there", async () => {
      await using shared = await RedisServer.start();
      await shared.kill();
      await using running = startHub(["--log=json", "--redis", shared.url]);
      await until(
        () => running.stdout.includes("Cannot connect to Redis"),
        () => `what it waits for in ${running.stdout}`,
      );
      assertEquals(running.stdout.includes("listening"), false);
      await shared.start();
      await running.port();
      running.signal("SIGTERM");
      assertEquals(await running.ended(), 0);
    });
  },
);

/** The ids of the notes that a client has heard. */
function events({ body }: RawClient): string[] {
  return [...body.matchAll(/^id:(.*)\nevent:note$/gm)].map(([, id]) => id!);
}
