import {
  type Clock,
  SSEServer,
  type SSEServerOptions,
} from "@sseserver/sseserver";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClient, TestClock } from "@sseserver/sseserver/testing";
import { systemClock } from "../../src/clock.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { sleep, until } from "../tools/waiting.ts";
import { after, countedBy, resumed } from "../tools/wire.ts";

/** In milliseconds. */
const MINUTE = 60_000;

/** The system's clock, which a test can set ahead. */
function adjustable(): Clock & { ahead: number } {
  return {
    ...systemClock,
    ahead: 0,
    now() {
      return Date.now() + this.ahead;
    },
  };
}

/** Grants what the user's header names. */
const byHeader: NonNullable<SSEServerOptions["authorize"]> = ({ headers }) => {
  const user = headers.get("x-user");
  return user === null ? false : { namespaces: [`/users/${user}`], user };
};

function as(user: string): { headers: Record<string, string> } {
  return { headers: { "X-User": user } };
}

describe("authorize", () => {
  it("is asked with what is asked for", async () => {
    const asked: unknown[] = [];
    await using server = await start({
      authorize(request, namespaces, info, action) {
        asked.push([
          new URL(request.url).pathname,
          namespaces,
          typeof info,
          action,
        ]);
        return true;
      },
    });
    const client = await server.open("/subscribe/b/?ns=/a");
    server.sse.broadcast({ namespace: "/a", data: "1" });
    await client.hearsLast("data:1\n\n");
    assertEquals(asked, [[
      "/subscribe/b/",
      ["/b", "/a"],
      "object",
      "subscribe",
    ]]);
    await server.ask("/subscribe/a", { method: "HEAD" });
    assertEquals(asked.length, 2);
    await server.ask("/subscribe/a", { method: "OPTIONS" });
    await server.ask("/subscribe/a", { method: "POST" });
    await server.ask("/subscribe/..");
    assertEquals(asked.length, 2);
  });

  it("narrows what is heard", async () => {
    await using server = await start({ authorize: byHeader });
    const whole = await server.open("/subscribe/users", as("42"));
    const part = await server.open("/subscribe/users/42/mail", as("42"));
    const mixed = await server.open(
      "/subscribe?ns=/users/42&ns=/users/7&ns=/news",
      as("42"),
    );
    for (const namespace of ["/users/42", "/users/7", "/users", "/news"]) {
      server.sse.broadcast({ namespace, data: namespace });
    }
    server.sse.broadcast({ namespace: "/users/42/mail", data: "end" });
    for (const client of [whole, part, mixed]) {
      await client.hearsLast("data:end\n\n");
    }
    assertEquals(whole.body, ":ok\n\ndata:/users/42\n\ndata:end\n\n");
    assertEquals(part.body, ":ok\n\ndata:end\n\n");
    assertEquals(mixed.body, whole.body);
    const [first] = server.sse.status().connections;
    assertEquals([first!.namespace, first!.user], ["/users/42", "42"]);
  });

  it("refuses with what fits", async () => {
    await using server = await start({
      authorize: (request) => {
        const user = request.headers.get("x-user");
        if (user === "stranger") return new Response("Who?", { status: 401 });
        if (user === "moved") return Response.redirect("http://localhost/x");
        if (user === "past") return { expires: Date.now() - 1 };
        return byHeader(request, [], undefined, "subscribe");
      },
    });
    const refused: [string | undefined, string, number][] = [
      [undefined, "/subscribe/users/42", 403],
      ["42", "/subscribe/users/7", 403],
      ["42", "/subscribe/users/421", 403],
      ["stranger", "/subscribe/users/42", 401],
      ["moved", "/subscribe/users/42", 302],
      ["past", "/subscribe/users/42", 401],
      // Everything is refused by default where something decides.
      ["42", "/subscribe/", 403],
    ];
    for (const [user, path, expected] of refused) {
      const { status } = await server.ask(path, user ? as(user) : {});
      assertEquals([user, path, status], [user, path, expected]);
    }
    assertEquals(server.streams, 0);
    assertEquals(await countedBy(server, "refusals_total"), {
      unauthorized: 2,
      forbidden: 5,
    });
  });

  it("grants nothing by what is no answer", async () => {
    let answer: unknown;
    const errors: string[] = [];
    await using server = await start({
      authorize: () => answer as never,
      onError: (error) => errors.push((error as Error).message),
    });
    class Foreign {
      status = 401;
      headers = new Headers();
      body = null;
    }
    const sent = new Response("Who?", { status: 401 });
    await sent.text();
    const none = [
      {},
      [],
      ["/a"],
      new Map(),
      new Date(),
      new Error("denied"),
      { namespaces: undefined },
      { user: undefined },
      { user: undefined, expires: undefined },
      null,
      1,
      "yes",
      sent,
    ];
    for (answer of none) {
      const client = await server.ask("/subscribe/a");
      assertEquals(/^retry:\d+\n\n$/.test(client.body), true, String(answer));
    }
    await until(() => errors.length === none.length, "onError");
    assertEquals(
      errors.at(-1),
      "Cannot use what 'authorize' returned as that Response was sent before: return a new one each time",
    );
    // A Response of another class, as fetch returns where it was replaced.
    answer = new Foreign();
    assertEquals((await server.ask("/subscribe/a")).status, 401);
    assertEquals(server.streams, 0);
  });

  it("has 10 s to decide", async () => {
    const clock = new TestClock();
    const errors: string[] = [];
    const sse = new SSEServer({
      authorize: () => new Promise(() => {}),
      onError: (error) => errors.push((error as Error).message),
      clock,
    });
    const opening = TestClient.open(sse, "/subscribe/a");
    await clock.advance(10_000);
    const client = await opening;
    assertEquals(await client.ended(), "server");
    assertEquals(/^retry:\d+\n\n$/.test(client.text), true);
    assertStringIncludes(errors[0]!, "'authorize'");
    assertEquals(clock.timers, 0);
    await sse.close();
  });

  it("keeps no place for who has left, and none beyond a client's own", async () => {
    let asked = 0;
    await using server = await start({
      limits: { connections: 5, connectionsPerClient: 2 },
      authorize: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    const waiting = [1, 2].map(() => server.send("/subscribe/a"));
    await until(() => asked === 2, "two questions");
    const third = await server.ask("/subscribe/a");
    assertEquals(/^retry:/.test(third.body), true);
    assertEquals(asked, 2);
    for (const client of waiting) client.reset();
    // Their places are free once the host has seen that they left.
    for (let attempts = 0; asked < 4 && attempts < 300; attempts++) {
      const before = asked;
      const client = server.send("/subscribe/a");
      await until(
        () => asked > before || client.status !== 0,
        "a question or a refusal",
      );
      await sleep(50);
    }
    assertEquals(asked, 4);
  });

  it("refuses softly where it fails, and tells of it", async () => {
    const errors: string[] = [];
    await using server = await start({
      authorize: ({ headers }) => {
        const user = headers.get("x-user");
        if (user === "throws") throw new Error("thrown");
        if (user === "rejects") return Promise.reject(new Error("rejected"));
        if (user === "wrong") return { expires: "never" } as never;
        return undefined as never;
      },
      onError: (error) => errors.push((error as Error).message),
    });
    for (const user of ["throws", "rejects", "wrong", "nothing"]) {
      const answer = await server.ask("/subscribe/a", as(user));
      assertEquals([user, answer.status], [user, 200]);
      assertEquals(/^retry:\d+\n\n$/.test(answer.body), true, answer.body);
    }
    await until(() => errors.length === 4, "onError");
    assertEquals(errors.slice(0, 2), ["thrown", "rejected"]);
    assertStringIncludes(errors[2]!, "'expires' must be");
    assertStringIncludes(errors[3]!, "'authorize' returned");
    assertEquals(await countedBy(server, "refusals_total"), { authorize: 4 });
  });

  it("decides about replays as about what is live", async () => {
    await using server = await start({ history: true, authorize: byHeader });
    const opened = await server.open("/subscribe/users/42", as("42"));
    const id = /^id:(\S+)/m.exec(opened.body)![1]!;
    for (const user of ["42", "7", "42"]) {
      server.sse.broadcast({ namespace: `/users/${user}`, data: `to ${user}` });
    }
    const { headers } = as("42");
    const again = await server.open("/subscribe/users", {
      headers: { ...headers, ...after(id).headers },
    });
    const epoch = id.split("-")[0];
    await again.hearsLast(`id:${epoch}-3\ndata:to 42\n\n`);
    assertEquals(
      again.body,
      `${
        resumed(id)
      }id:${epoch}-1\ndata:to 42\n\nid:${epoch}-3\ndata:to 42\n\n`,
    );
    const stranger = await server.ask("/subscribe/users", {
      headers: after(id).headers,
    });
    assertEquals(stranger.status, 403);
  });

  it("ends a stream when its grant does", async () => {
    const ends: string[] = [];
    const clock = adjustable();
    await using server = await start({
      clock,
      authorize: () => ({
        expires: new Date(clock.now() + MINUTE),
        user: "ann",
      }),
      onDisconnect: ({ user }, reason) => ends.push(`${user} ${reason}`),
    });
    const client = await server.open("/subscribe/a");
    server.sse.broadcast({ namespace: "/a", data: "1" });
    await client.hears(":ok\n\ndata:1\n\n");
    clock.ahead = MINUTE;
    await client.done();
    assertEquals([client.body, client.ending], [
      ":ok\n\ndata:1\n\n",
      "complete",
    ]);
    await until(() => ends.length > 0, "onDisconnect");
    assertEquals(ends, ["ann expired"]);
  });

  it("holds no more requests than there may be streams", async () => {
    let decide = (_: boolean) => {};
    const decision = new Promise<boolean>((resolve) => decide = resolve);
    let asked = 0;
    await using server = await start({
      limits: { connections: 3 },
      authorize: () => {
        asked++;
        return decision;
      },
    });
    const waiting = Array.from(
      { length: 3 },
      () => server.send("/subscribe/a"),
    );
    await until(() => asked === 3, "three questions");
    const late = await server.ask("/subscribe/a");
    assertEquals([late.status, /^retry:/.test(late.body)], [200, true]);
    decide(true);
    for (const client of waiting) {
      await until(() => client.body === ":ok\n\n", "a stream");
    }
    // A full server asks nobody.
    await server.ask("/subscribe/a");
    assertEquals(asked, 3);
  });

  it("lets a client go that leaves while it decides", async () => {
    let decide = (_: boolean) => {};
    const decision = new Promise<boolean>((resolve) => decide = resolve);
    let asked = 0;
    await using server = await start({
      authorize: () => {
        asked++;
        return decision;
      },
    });
    const client = server.send("/subscribe/a");
    await until(() => asked === 1, "the question");
    client.reset();
    await sleep(50);
    decide(true);
    await sleep(50);
    await server.settles(0);
    assertEquals(await sockets(server), 0);
  });
});

async function sockets(server: TestServer): Promise<number> {
  for (let attempts = 0; attempts < 300; attempts++) {
    const { body } = await server.ask("/admin/metrics");
    const open = Number(/^sse_sockets_open (\d+)$/m.exec(body)![1]);
    if (open === 0) return 0;
    await sleep(100);
  }
  return -1;
}

describe("sse.disconnect", () => {
  it("ends the streams for which all that is given holds", async () => {
    await using server = await start({
      authorize: ({ headers }) => ({ user: headers.get("x-user")! }),
    });
    const ann = await server.open("/subscribe/a/1", as("ann"));
    const other = await server.open("/subscribe/a/2", as("ann"));
    const bob = await server.open("/subscribe/a/1", as("bob"));
    assertEquals(server.sse.disconnect({ user: "eve" }), 0);
    assertEquals(server.sse.disconnect({ user: "ann", namespace: "/b" }), 0);
    assertEquals(server.sse.disconnect({ user: "ann", namespace: "a/1" }), 1);
    await ann.done();
    assertEquals([other.ending, bob.ending], ["open", "open"]);
    const [{ id } = { id: 0 }] = server.sse.status().connections;
    assertEquals(server.sse.disconnect({ id }), 1);
    await other.done();
    assertEquals(server.sse.disconnect({ namespace: "/" }), 1);
    await bob.done();
    assertEquals(server.streams, 0);
  });

  it("names the field that is wrong", async () => {
    await using server = await start();
    const filters: [unknown, string][] = [
      [{}, "neither 'id', 'namespace' nor 'user'"],
      [{ id: "7" }, "'id' must be an integer"],
      [{ user: "" }, "'user' must be a string"],
      [{ namespace: "/.." }, "'namespace'"],
      [{ usr: "ann" }, "'usr'"],
      [null, "must be an object"],
    ];
    for (const [filter, message] of filters) {
      let thrown = "";
      try {
        server.sse.disconnect(filter as never);
      } catch (error) {
        thrown = (error as Error).message;
      }
      assertStringIncludes(thrown, message);
    }
  });
});

describe("CORS where something decides", () => {
  it("is off unless it was asked for", async () => {
    await using server = await start({ authorize: () => true });
    const answer = await server.open("/subscribe/a", {
      headers: { Origin: "https://app.example.com" },
    });
    assertEquals(answer.header("access-control-allow-origin"), undefined);
  });

  it("names the origins that may, also in a refusal", async () => {
    const origin = "https://app.example.com";
    await using server = await start({
      authorize: byHeader,
      cors: { origin, credentials: true },
    });
    const headers = { Origin: origin };
    const allowed = await server.open("/subscribe/users/1", {
      headers: { ...headers, "X-User": "1" },
    });
    const refused = await server.ask("/subscribe/users/1", { headers });
    assertEquals([allowed.status, refused.status], [200, 403]);
    for (const answer of [allowed, refused]) {
      assertEquals(answer.header("access-control-allow-origin"), origin);
      assertEquals(answer.header("access-control-allow-credentials"), "true");
      assertEquals(answer.header("vary"), "Origin");
    }
    const foreign = await server.ask("/subscribe/users/1", {
      headers: { Origin: "https://evil.example" },
    });
    assertEquals(foreign.header("access-control-allow-origin"), undefined);
    const preflight = await server.ask("/subscribe/users/1", {
      method: "OPTIONS",
      headers: {
        ...headers,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
      },
    });
    assertEquals(preflight.status, 204);
    const allow = preflight.header("access-control-allow-headers")!;
    assertStringIncludes(allow, "Authorization");
    assertStringIncludes(allow, "Last-Event-ID");
  });
});

describe("sse.subscribe with a user and an end", () => {
  it("asks nobody, and keeps to both", async () => {
    const clock = adjustable();
    const options = { history: true, authorize: () => false, clock };
    await using server = await start(options, {
      fetch: (request, info) =>
        server.sse.subscribe(request, "/users/ann", {
          info,
          user: "ann",
          expires: clock.now() + MINUTE,
        }),
    });
    const client = await server.open("/anything");
    assertEquals(server.sse.status().connections[0]!.user, "ann");
    clock.ahead = MINUTE;
    await client.done();
    assertEquals(client.ending, "complete");
  });
});
