import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readFileSync } from "node:fs";
import { sign } from "hono/jwt";
import { VERSION } from "../src/cli/version.ts";
import { ROOT } from "./tools/command.ts";
import { HubProcess, startHub } from "./tools/hub_process.ts";
import { RawClient, until } from "./tools/sockets.ts";

const TOKEN = "0123456789abcdef";
const SECRET = "a secret that has 32 bytes or more";

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

async function heard(client: RawClient, text: string): Promise<void> {
  await until(
    () => client.body.includes(text),
    () => `${text} in ${client.body}`,
  );
}

describe("the hub", () => {
  it("takes what is published and sends it on, and drains on SIGTERM", async () => {
    await using running = startHub(["--history", "--drain", "300"], {
      SSE_PUBLISH_TOKEN: TOKEN,
    });
    const port = await running.port();
    const client = new RawClient(port, "/subscribe/users");
    await heard(client, "sse-open");
    assertEquals(await publish(port, "/users/42", TOKEN), 201);
    await heard(client, 'event:note\ndata:{"text":"hi"}\n\n');
    assertEquals(await publish(port, "/users/42", `${TOKEN}x`), 401);
    assertMatch(
      running.stdout,
      /^\S+ Listening on http:\/\/127\.0\.0\.1:\d+\//,
    );
    assertStringIncludes(running.stdout, "Console at http://127.0.0.1:");
    assertStringIncludes(running.stdout, "CONNECT /subscribe/users 127.0.0.1");
    running.signal("SIGTERM");
    await client.done();
    assertEquals(client.ending, "complete");
    assertMatch(client.body, /retry:\d+\n\n$/);
    assertEquals(await running.ended(), 0);
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
    await heard(client, ":ok\n");
    assertEquals(
      client.header("access-control-allow-origin"),
      "https://b.example",
    );
    assertEquals(await publish(port, "/users/ann/1", token), 201);
    assertEquals(await publish(port, "/users/bob", token), 403);
    await heard(client, 'data:{"text":"hi"}\n\n');
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
});
