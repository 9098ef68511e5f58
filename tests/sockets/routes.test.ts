import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start, type TestServer } from "../tools/sockets.ts";

/** Which of the namespaces a client of the path hears. */
async function heard(server: TestServer, path: string): Promise<string[]> {
  const client = await server.open(path);
  for (const namespace of ["/x", "/y", "/a/b", "/"]) {
    server.sse.broadcast({ namespace, data: namespace });
  }
  await server.settles(1);
  server.sse.broadcast({ namespace: namespacesOf(server), data: "end" });
  await client.hearsLast("data:end\n\n");
  client.leave();
  await server.settles(0);
  return [...client.body.matchAll(/^data:(.*)$/gm)].map((match) => match[1]!)
    .slice(0, -1);
}

function namespacesOf(server: TestServer): string {
  return server.sse.status().connections[0]!.namespace.split(",")[0]!;
}

describe("routes over real sockets", () => {
  it("take the namespaces from the path and from ?ns=", async () => {
    await using server = await start();
    assertEquals(await heard(server, "/subscribe/x"), ["/x"]);
    assertEquals(await heard(server, "/subscribe/x/"), ["/x"]);
    assertEquals(await heard(server, "/subscribe//x"), ["/x"]);
    assertEquals(await heard(server, "/subscribe/a"), ["/a/b"]);
    assertEquals(await heard(server, "/subscribe?ns=/x"), ["/x"]);
    assertEquals(await heard(server, "/subscribe?ns=x&ns=%2Fy"), ["/x", "/y"]);
    assertEquals(await heard(server, "/subscribe/x?ns=/y"), ["/x", "/y"]);
    assertEquals(await heard(server, "/subscribe/x?other=/y"), ["/x"]);
  });

  it("take /subscribe and /subscribe/ for everything", async () => {
    await using server = await start();
    const all = ["/x", "/y", "/a/b", "/"];
    assertEquals(await heard(server, "/subscribe"), all);
    assertEquals(await heard(server, "/subscribe/"), all);
    assertEquals(await heard(server, "/subscribe/?ns=/x"), all);
    assertEquals(await heard(server, "/subscribe?ns=/"), all);
    assertEquals(await heard(server, "/subscribe/x?ns="), all);
  });

  it("refuse everything with rootSubscribe: false, and nothing else", async () => {
    await using server = await start({ rootSubscribe: false });
    for (
      const path of [
        "/subscribe",
        "/subscribe/",
        "/subscribe//",
        "/subscribe?ns=/",
        "/subscribe/x?ns=",
        "/subscribe/?ns=/x",
      ]
    ) {
      const { status, body } = await server.ask(path);
      assertEquals(
        [path, status, body],
        [path, 403, "403 subscribing to / is disabled\n"],
      );
    }
    assertEquals(server.streams, 0);
    assertEquals((await server.open("/subscribe/x")).status, 200);
    assertEquals((await server.open("/subscribe?ns=/x")).status, 200);
  });

  it("answer any other path with 404", async () => {
    await using server = await start();
    for (
      const path of ["/", "/x", "/subscribers/x", "/Subscribe/x", "/admin/x"]
    ) {
      assertEquals([path, (await server.ask(path)).status], [path, 404]);
    }
  });

  it("answer what is no host with 400, and report nothing that quotes the URL", async () => {
    const errors: unknown[] = [];
    await using server = await start({
      publish: { token: "0123456789abcdef" },
      onError: (error) => errors.push(error),
    });
    for (const Host of ["[", "a%zz"]) {
      const requests = [
        ["GET", "/subscribe/a?ticket=x"],
        ["GET", "/admin/?key=x"],
        ["GET", "/admin/status.json"],
        ["POST", "/publish/a"],
      ] as const;
      for (const [method, path] of requests) {
        const headers = { Host, Origin: "http://x", "Content-Length": "0" };
        const { status } = await server.ask(path, { method, headers });
        assertEquals([Host, path, status], [Host, path, 400]);
      }
    }
    assertEquals(errors, []);
  });

  it("answer any other method with 405 and Allow", async () => {
    await using server = await start();
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const { status, body, headerLines } = await server.ask("/subscribe/x", {
        method,
        headers: { "Content-Length": "0" },
      });
      assertEquals([method, status, body], [
        method,
        405,
        "405 method not allowed\n",
      ]);
      assertEquals(
        headerLines.filter((line) => /^allow:/i.test(line)).map((line) =>
          line.replace(/^allow/i, "Allow")
        ),
        ["Allow: GET, HEAD, OPTIONS"],
      );
    }
    assertEquals(server.streams, 0);
  });

  it("answer HEAD with the headers of a stream and register nobody", async () => {
    await using server = await start();
    for (let i = 0; i < 10; i++) {
      const answers = await Promise.all(
        Array.from(
          { length: 100 },
          () => server.send("/subscribe/x", { method: "HEAD" }).answered(),
        ),
      );
      for (const answer of answers) {
        assertEquals([answer.status, answer.header("content-type")], [
          200,
          "text/event-stream; charset=utf-8",
        ]);
        assertEquals(answer.header("x-accel-buffering"), "no");
        assertEquals(answer.header("cache-control"), "no-cache, no-transform");
      }
      assertEquals(server.streams, 0);
      for (const answer of answers) {
        assertEquals(answer.body, "");
        answer.leave();
      }
    }
  });

  it("answer HEAD as they would GET", async () => {
    await using server = await start({ rootSubscribe: false });
    const statusOf = async (path: string) =>
      (await server.send(path, { method: "HEAD" }).answered()).status;
    assertEquals(await statusOf("/subscribe/"), 403);
    assertEquals(await statusOf("/subscribe/%ff"), 400);
    assertEquals(await statusOf("/nowhere"), 404);
  });

  it("refuse softly over limits.connections", async () => {
    await using server = await start({ limits: { connections: 2 } });
    const clients = await server.openMany(2, "/subscribe/a");
    const refused = await server.ask("/subscribe/b");
    assertEquals([refused.status, refused.ending], [200, "complete"]);
    assertEquals(
      refused.header("content-type"),
      "text/event-stream; charset=utf-8",
    );
    assertMatch(refused.body, /^retry:\d{5}\n\n$/);
    const retry = Number(/\d+/.exec(refused.body)![0]);
    assertEquals(retry >= 15_000 && retry <= 45_000, true);
    assertEquals(server.streams, 2);
    clients[0]!.leave();
    await server.settles(1);
    const accepted = await server.open("/subscribe/b");
    assertEquals(accepted.body, ":ok\n\n");
  });
});

describe("pages of another origin", () => {
  const PREFLIGHT = {
    Origin: "https://app.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "last-event-id",
  };

  it("may subscribe by default", async () => {
    await using server = await start();
    const headers = { Origin: "https://app.example" };
    const client = await server.open("/subscribe/a", { headers });
    assertEquals(client.header("access-control-allow-origin"), "*");
    assertEquals(client.header("access-control-allow-credentials"), undefined);
    const preflight = await server.ask("/subscribe/a", {
      method: "OPTIONS",
      headers: PREFLIGHT,
    });
    assertEquals([preflight.status, preflight.body], [204, ""]);
    assertEquals(preflight.header("access-control-allow-origin"), "*");
    assertEquals(
      preflight.header("access-control-allow-methods"),
      "GET,HEAD,OPTIONS",
    );
    assertEquals(
      preflight.header("access-control-allow-headers"),
      "Last-Event-ID,Cache-Control,Authorization",
    );
    assertEquals(server.streams, 1);
  });

  it("may with credentials where their origin is listed", async () => {
    await using server = await start({
      cors: {
        origin: ["https://app.example", "https://b.example"],
        credentials: true,
        maxAge: 600,
      },
    });
    const ask = async (origin: string) => {
      const { status, header } = await server.ask("/subscribe/a", {
        method: "OPTIONS",
        headers: { ...PREFLIGHT, Origin: origin },
      }).then((answer) => ({
        status: answer.status,
        header: (name: string) => answer.header(`access-control-${name}`),
      }));
      return [status, header("allow-origin"), header("allow-credentials")];
    };
    assertEquals(await ask("https://app.example"), [
      204,
      "https://app.example",
      "true",
    ]);
    assertEquals(await ask("https://b.example"), [
      204,
      "https://b.example",
      "true",
    ]);
    assertEquals((await ask("https://evil.example"))[1], undefined);
    const client = await server.open("/subscribe/a", {
      headers: { Origin: "https://b.example" },
    });
    assertEquals(
      client.header("access-control-allow-origin"),
      "https://b.example",
    );
    assertEquals(client.header("vary")?.toLowerCase(), "origin");
  });

  it("may not with cors: false", async () => {
    await using server = await start({ cors: false });
    const preflight = await server.ask("/subscribe/a", {
      method: "OPTIONS",
      headers: PREFLIGHT,
    });
    assertEquals([preflight.status, preflight.header("allow")], [
      204,
      "GET, HEAD, OPTIONS",
    ]);
    const client = await server.open("/subscribe/a", {
      headers: { Origin: "https://app.example" },
    });
    for (const { headerLines } of [preflight, client]) {
      assertEquals(
        headerLines.filter((line) => /^access-control/i.test(line)),
        [],
      );
    }
  });

  it("get the reason of a refusal too", async () => {
    await using server = await start({ rootSubscribe: false });
    const headers = { Origin: "https://app.example" };
    for (const path of ["/subscribe/", "/subscribe/%ff"]) {
      const answer = await server.ask(path, { headers });
      assertEquals(answer.header("access-control-allow-origin"), "*");
    }
  });
});
