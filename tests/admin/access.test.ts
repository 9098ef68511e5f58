import { SSEServer, type SSEServerOptions } from "@sseserver/sseserver";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "hono";
import { start } from "../tools/sockets.ts";

const KEY = "correct horse battery staple";

/** What a host on this machine passes with a request from it. */
const LOCAL = { remoteAddr: { hostname: "127.0.0.1" } };
/** The same from another machine. */
const REMOTE = { remoteAddr: { hostname: "192.0.2.7" } };

/** Asks a server in-process. */
function asker(options: SSEServerOptions = {}): (
  path: string,
  init?: RequestInit,
  info?: unknown,
) => Promise<Response> {
  const sse = new SSEServer(options);
  return async (path, init, info = REMOTE) =>
    await sse.fetch(new Request(`http://localhost${path}`, init), info);
}

function disconnect(headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: '{"id":1}',
  };
}

describe("the console's rule", () => {
  it("lets this machine read, and nothing more", async () => {
    const ask = asker({ admin: { key: KEY } });
    for (const path of ["", "status.json", "metrics"]) {
      const response = await ask(`/admin/${path}`, {}, LOCAL);
      assertEquals([path, response.status], [path, 200]);
    }
    const watch = await ask("/admin/events?watch=/x", {}, LOCAL);
    assertEquals(watch.status, 403);
    assertStringIncludes(await watch.text(), "needs the admin key");
    const act = await ask("/admin/disconnect", disconnect(), LOCAL);
    assertEquals(act.status, 403);
    assertStringIncludes(await act.text(), "needs the admin key");
  });

  it("keeps out an unknown peer, another machine, another name and every proxy", async () => {
    const ask = asker();
    const denied = async (
      response: Response | Promise<Response>,
    ): Promise<void> => {
      const { status, ...rest } = await response;
      assertEquals(status, 403, JSON.stringify(rest));
    };
    for (const path of ["", "status.json", "metrics", "events", "nothing"]) {
      await denied(ask(`/admin/${path}`, {}, {}));
      await denied(ask(`/admin/${path}`, {}, REMOTE));
      for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP"]) {
        await denied(
          ask(`/admin/${path}`, { headers: { [name]: "127.0.0.1" } }, LOCAL),
        );
      }
      const rebound = new Request(`http://evil.example/admin/${path}`);
      await denied(new SSEServer().fetch(rebound, LOCAL));
    }
    assertMatch(await (await ask("/admin/")).text(), /^403 .*the key.*\n$/);
  });

  it("over real sockets is the same for each of its conditions", async () => {
    await using server = await start();
    const status = async (headers: Record<string, string>) =>
      (await server.ask("/admin/status.json", { headers })).status;
    assertEquals(await status({}), 200);
    assertEquals(await status({ Host: "evil.example" }), 403);
    for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP"]) {
      assertEquals([name, await status({ [name]: "127.0.0.1" })], [name, 403]);
    }
    const act = await server.ask("/admin/disconnect", { method: "POST" });
    assertEquals(act.status, 403);
  });

  it("opens everything to everyone with admin: true, nothing with false", async () => {
    const open = asker({ admin: true });
    assertEquals((await open("/admin/", {}, {})).status, 200);
    const act = await open("/admin/disconnect", disconnect(), {});
    assertEquals(await act.json(), { disconnected: 0 });
    const shut = asker({ admin: false });
    const refused = await shut("/admin/", {}, LOCAL);
    assertEquals(refused.status, 403);
    assertEquals(await refused.text(), "403 admin endpoint disabled\n");
  });

  it("is replaced by authorize", async () => {
    const answers = [true, false, new Response("who?", { status: 401 })];
    const seen: unknown[] = [];
    const ask = asker({
      admin: {
        authorize: (request, info) => {
          seen.push(new URL(request.url).pathname, info);
          return Promise.resolve(answers.shift()!);
        },
      },
    });
    assertEquals((await ask("/admin/events?watch=/")).status, 200);
    assertEquals((await ask("/admin/", {}, LOCAL)).status, 403);
    assertEquals(await (await ask("/admin/metrics")).text(), "who?");
    assertEquals(seen[0], "/admin/events");
    assertEquals(seen[1], REMOTE);
  });
});

describe("the admin key", () => {
  it("opens the console from anywhere and moves into a cookie", async () => {
    const ask = asker({ admin: { key: KEY } });
    const query = `?key=${encodeURIComponent(KEY)}`;
    const first = await ask(`/admin/${query}`);
    assertEquals(first.status, 303);
    assertEquals(first.headers.get("location"), "./");
    const cookie = first.headers.get("set-cookie")!;
    assertMatch(
      cookie,
      /^sse-admin-[0-9a-f]{8}=[0-9a-f]{64}; HttpOnly; SameSite=Strict$/,
    );
    assertEquals(cookie.includes(KEY), false);
    const headers = { Cookie: cookie.split(";")[0]! };
    assertEquals((await ask("/admin/", { headers })).status, 200);
    const act = await ask("/admin/disconnect", disconnect(headers));
    assertEquals(await act.json(), { disconnected: 0 });
    const feed = await ask("/admin/events?watch=/x", { headers });
    assertEquals(feed.status, 200);
    await feed.body!.cancel();
  });

  it("moves into a cookie for TLS alone where that ends at a trusted proxy", async () => {
    const query = `?key=${encodeURIComponent(KEY)}`;
    const headers = { "X-Forwarded-Proto": "https" };
    const cookie = async (trustProxy: boolean) =>
      (await asker({ admin: { key: KEY }, trustProxy })(
        `/admin/${query}`,
        { headers },
      )).headers.get("set-cookie")!;
    assertMatch(await cookie(true), /; HttpOnly; Secure; SameSite=Strict$/);
    assertMatch(await cookie(false), /; HttpOnly; SameSite=Strict$/);
  });

  it("is sent on from an address without the last slash", async () => {
    const ask = asker({ admin: { key: KEY } });
    const response = await ask("/admin?key=x");
    assertEquals(response.status, 302);
    assertEquals(response.headers.get("location"), "./admin/?key=x");
  });

  it("comes in a header too", async () => {
    const ask = asker({ admin: { key: KEY } });
    const headers = { Authorization: `Bearer ${KEY}` };
    assertEquals((await ask("/admin/metrics", { headers })).status, 200);
  });

  it("has to be right, in full, and this server's own", async () => {
    const ask = asker({ admin: { key: KEY } });
    const other = await asker({ admin: { key: KEY + "!" } })(
      `/admin/?key=${encodeURIComponent(KEY + "!")}`,
    );
    const cookie = other.headers.get("set-cookie")!.split(";")[0]!;
    for (
      const [path, headers] of [
        ["/admin/?key=", {}],
        ["/admin/?key=correct", {}],
        ["/admin/metrics", { Authorization: "Bearer " + KEY.slice(1) }],
        ["/admin/metrics", { Cookie: cookie }],
        ["/admin/metrics", { Cookie: cookie.replace(/=.*/, "=") }],
      ] as const
    ) {
      assertEquals([path, (await ask(path, { headers })).status], [path, 403]);
    }
  });

  it("is made by serve() where there is none, and printed in the console's address", async () => {
    const lines: string[] = [];
    await using server = await start({}, {
      log: (line) => {
        lines.push(line);
      },
    });
    const { adminUrl } = server.handle;
    assertMatch(
      adminUrl!,
      /^http:\/\/127\.0\.0\.1:\d+\/admin\/\?key=[0-9a-f]{32}$/,
    );
    assertEquals(lines[1], `Console at ${adminUrl}`);
    const { search } = new URL(adminUrl!);
    assertEquals((await server.ask(`/admin/${search}`)).status, 303);
    await using own = await start({ admin: { key: KEY } });
    assertEquals(new URL(own.handle.adminUrl!).search, "");
    await using off = await start({ admin: false });
    assertEquals(off.handle.adminUrl, undefined);
  });

  it("stays under the path that the console is mounted at", async () => {
    const sse = new SSEServer({ admin: { key: KEY } });
    const app = new Hono().route("/live", sse.app);
    const query = `?key=${encodeURIComponent(KEY)}`;
    const response = await app.request(`/live/admin/${query}`);
    assertEquals(response.status, 303);
    assertEquals(/path=/i.test(response.headers.get("set-cookie")!), false);
  });
});

describe("actions", () => {
  const ask = asker({ admin: { key: KEY } });
  const authorized = { Authorization: `Bearer ${KEY}` };

  it("come from the console's own page or from no page", async () => {
    for (
      const headers of [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "none" },
        { Origin: "https://evil.example" },
        { Origin: "null" },
      ]
    ) {
      const init = disconnect({ ...authorized, ...headers } as Record<
        string,
        string
      >);
      assertEquals((await ask("/admin/disconnect", init)).status, 403);
    }
    for (
      const headers of [
        { "Sec-Fetch-Site": "same-origin" },
        { Origin: "http://localhost" },
      ]
    ) {
      const init = disconnect({ ...authorized, ...headers } as Record<
        string,
        string
      >);
      assertEquals((await ask("/admin/disconnect", init)).status, 200);
    }
  });

  it("are JSON, small, and say what they are about", async () => {
    const post = async (body: string, type = "application/json") => {
      const response = await ask("/admin/disconnect", {
        method: "POST",
        headers: { ...authorized, "Content-Type": type },
        body,
      });
      return [response.status, await response.text()];
    };
    assertEquals((await post('{"id":1}', "text/plain"))[0], 415);
    assertEquals((await post(`{"id":1,"x":"${"x".repeat(20_000)}"}`))[0], 413);
    assertEquals((await post("{"))[0], 400);
    assertStringIncludes(String((await post("null"))[1]), "'id'");
    assertStringIncludes(String((await post('{"id":"1"}'))[1]), "'id'");
    assertStringIncludes(
      String((await post('{"namespace":"/a/.."}'))[1]),
      "'namespace'",
    );
  });

  it("may come in chunks", async () => {
    await using server = await start({ admin: { key: KEY } });
    const client = await server.open("/subscribe/a");
    const headers = {
      ...authorized,
      "Content-Type": "application/json",
      "Transfer-Encoding": "chunked",
    };
    const body = '8\r\n{"namesp\r\nb\r\nace":"/a"}\n\r\n0\r\n\r\n';
    const answer = await server.ask("/admin/disconnect", {
      method: "POST",
      headers,
      body,
    });
    assertEquals([answer.status, answer.body], [200, '{"disconnected":1}']);
    assertEquals((await client.done()).ending, "complete");
  });
});
