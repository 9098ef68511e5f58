import { SSEServer, type TicketGrant } from "@sseserver/sseserver";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClient, TestClock } from "@sseserver/sseserver/testing";
import { start as startServer, type TestServer } from "../tools/sockets.ts";
import type { RawClient } from "../tools/raw_client.ts";

const GRANT: TicketGrant = { namespaces: ["/users/42"], user: "42" };

function start(options = {}): Promise<TestServer> {
  return startServer({ authorize: () => false, ...options });
}

/** The cookies that a response sets, as the browser sends them back. */
function cookiesOf(client: RawClient): string[] {
  return client.headerLines.filter((line) => /^set-cookie:/i.test(line))
    .map((line) => line.slice("set-cookie:".length).trim());
}

function withCookie(...cookies: string[]): { headers: { Cookie: string } } {
  const pairs = cookies.map((cookie) => cookie.split(";")[0]);
  return { headers: { Cookie: pairs.join("; ") } };
}

describe("a ticket", () => {
  it("lets in once, and back in with the cookie that came along", async () => {
    await using server = await start();
    const ticket = server.sse.ticket(GRANT);
    const path = `/subscribe/users?ticket=${ticket}`;
    const client = await server.open(path);
    assertEquals(client.status, 200);
    const [row] = server.sse.status().connections;
    assertEquals([row!.namespace, row!.user, row!.request_path], [
      "/users/42",
      "42",
      "/subscribe/users",
    ]);
    const cookies = cookiesOf(client);
    assertEquals(cookies.length, 1);
    assertMatch(
      cookies[0]!,
      /^sse-ticket-[0-9a-f]{16}=[\w.-]+; Max-Age=3(600|5\d\d); Path=\/subscribe; HttpOnly; SameSite=Strict$/,
    );
    // Used up; nobody else gets in, nor does the ticket stand in the cookie.
    assertEquals((await server.ask(path)).status, 401);
    assertEquals(cookies[0]!.includes(ticket), false);
    const again = await server.open(path, withCookie(...cookies));
    assertEquals([again.status, cookiesOf(again)], [200, []]);
    server.sse.broadcast({ namespace: "/users/7", data: "no" });
    server.sse.broadcast({ namespace: "/users/42", data: "yes" });
    await again.hearsLast("data:yes\n\n");
    assertEquals(again.body, ":ok\n\ndata:yes\n\n");
  });

  it("is no good with another one's cookie, nor a cookie without it", async () => {
    await using server = await start();
    const [first, second] = [1, 2].map(() => server.sse.ticket(GRANT));
    const client = await server.open(`/subscribe/users?ticket=${first}`);
    const used = await server.open(`/subscribe/users?ticket=${second}`);
    const options = withCookie(...cookiesOf(client));
    const refused = [
      `/subscribe/users?ticket=${second}`,
      `/subscribe/users?ticket=${first}x`,
      "/subscribe/users?ticket=",
    ];
    for (const path of refused) {
      assertEquals([path, (await server.ask(path, options)).status], [
        path,
        401,
      ]);
    }
    // Renamed, as if it were the other's.
    const name = cookiesOf(used)[0]!.split("=")[0];
    const value = cookiesOf(client)[0]!.split(/[=;]/)[1];
    const renamed = { headers: { Cookie: `${name}=${value}` } };
    assertEquals(
      (await server.ask(`/subscribe/users?ticket=${second}`, renamed)).status,
      401,
    );
    // Without one, authorize decides.
    assertEquals((await server.ask("/subscribe/users", options)).status, 403);
  });

  it("grants only what it names", async () => {
    await using server = await start();
    const ticket = server.sse.ticket(GRANT);
    const path = `/subscribe/news?ticket=${ticket}`;
    const refused = await server.ask(path);
    assertEquals([refused.status, cookiesOf(refused)], [403, []]);
    // It is not used up by that.
    const good = await server.open(`/subscribe/users/42?ticket=${ticket}`);
    assertEquals(good.status, 200);
    const { headers } = await server.ask("/subscribe/x?ticket=y").then(
      (client) => ({ headers: client.headerLines }),
    );
    assertEquals(headers.some((line) => /^set-cookie/i.test(line)), false);
  });

  it("is not used up by HEAD", async () => {
    await using server = await start();
    const path = `/subscribe/users/42?ticket=${server.sse.ticket(GRANT)}`;
    const head = await server.ask(path, { method: "HEAD" });
    assertEquals([head.status, cookiesOf(head)], [200, []]);
    assertEquals((await server.open(path)).status, 200);
  });

  it("is for the path that the app is mounted at", async () => {
    const { Hono } = await import("hono");
    const app = new Hono();
    const sse = new SSEServer({ authorize: () => false });
    app.route("/live", sse.app);
    const ticket = sse.ticket(GRANT);
    const client = await TestClient.open(
      app,
      `https://example.com/live/subscribe/users/42?ticket=${ticket}`,
    );
    assertMatch(
      client.headers.get("set-cookie")!,
      /; Path=\/live\/subscribe; HttpOnly; Secure; SameSite=Strict$/,
    );
    await sse.close();
  });

  it("is good for 60 s, and its cookie as long as the grant", async () => {
    const clock = new TestClock();
    const sse = new SSEServer({ authorize: () => false, clock });
    const open = (ticket: string) =>
      TestClient.open(sse, `/subscribe/users/42?ticket=${ticket}`);
    const expires = clock.now() + 120_000;
    const [early, late] = [1, 2].map(() => sse.ticket({ ...GRANT, expires }));
    await clock.advance(59_000);
    const client = await open(early!);
    assertEquals(client.status, 200);
    assertMatch(client.headers.get("set-cookie")!, /; Max-Age=61;/);
    await client.leave();
    await clock.advance(2_000);
    assertEquals((await open(late!)).status, 401);
    await client.reconnect();
    assertEquals(client.status, 200);
    await clock.advance(60_000);
    assertEquals(await client.ended(), "server");
    assertMatch(client.text, /^:ok\n/);
    await client.reconnect();
    assertEquals(client.status, 401);
    await sse.close();
  });

  it("leaves eight cookies in a browser at most", async () => {
    await using server = await start();
    let jar: string[] = [];
    for (let i = 0; i < 12; i++) {
      const ticket = server.sse.ticket(GRANT);
      const client = await server.open(
        `/subscribe/users/42?ticket=${ticket}`,
        jar.length === 0 ? {} : withCookie(...jar),
      );
      assertEquals(client.status, 200);
      client.leave();
      for (const cookie of cookiesOf(client)) {
        const name = cookie.split("=")[0];
        jar = jar.filter((one) => !one.startsWith(`${name}=`));
        if (!cookie.includes("Max-Age=0")) jar.push(cookie);
      }
    }
    assertEquals(jar.length, 8);
  });

  it("leaves 4 KiB of cookies in a browser at most", async () => {
    await using server = await start();
    const namespaces = ["/users/42", `/${"a".repeat(1_000)}`];
    const jar: string[] = [];
    for (let i = 0; i < 4; i++) {
      const ticket = server.sse.ticket({ namespaces });
      const client = await server.open(
        `/subscribe/users/42?ticket=${ticket}`,
        jar.length === 0 ? {} : withCookie(...jar),
      );
      for (const cookie of cookiesOf(client)) {
        if (cookie.includes("Max-Age=0")) jar.shift();
        else jar.push(cookie.split(";")[0]!);
      }
      assertEquals(jar.join("; ").length < 4_300, true);
    }
    assertEquals(jar.length, 2);
  });

  it("never reaches a log", async () => {
    const lines: string[] = [];
    await using server = await startServer({ authorize: () => false }, {
      log: (line) => lines.push(line),
    });
    const ticket = server.sse.ticket(GRANT);
    const client = await server.open(`/subscribe/users/42?ticket=${ticket}`);
    client.leave();
    await server.settles(0);
    assertEquals(lines.join("\n").includes(ticket), false);
    assertEquals(JSON.stringify(server.sse.status()).includes(ticket), false);
  });

  it("is issued only where it says what it is for", () => {
    const sse = new SSEServer({ authorize: () => false });
    const wrong: [unknown, string][] = [
      [{}, "'namespaces'"],
      [{ namespaces: [] }, "'namespaces'"],
      [{ namespaces: new Array(2) }, "'namespace'"],
      [{ namespaces: ["/.."] }, "'namespace'"],
      [{ namespaces: ["/a"], expires: Date.now() - 1 }, "'expires'"],
      [{ namespaces: ["/a"], for: "ann" }, "'for'"],
      [
        { namespaces: [1, 2, 3].map((i) => `/${i}${"a".repeat(900)}`) },
        "cookie",
      ],
    ];
    for (const [grant, message] of wrong) {
      assertThrows(() => sse.ticket(grant as TicketGrant), Error, message);
    }
    assertThrows(() => new SSEServer().ticket(GRANT), Error, "'authorize'");
  });
});
