import { SSEServer } from "@sseserver/sseserver";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "hono";
import { Counters } from "../../src/counters.ts";
import { addPublish } from "../../src/http/publish.ts";
import { serverSettingsOf } from "../../src/server_settings.ts";
import {
  json,
  outcome,
  post,
  refusals,
  start,
  TOKEN,
} from "../tools/publishing.ts";
import { until } from "../tools/waiting.ts";

describe("POST /publish/<namespace>", () => {
  it("is not there unless it was asked for", async () => {
    await using server = await start({ publish: false });
    assertEquals((await post(server, "/publish/a", "x")).status, 404);
  });

  it("sends text as it is, and answers with the event's id", async () => {
    await using server = await start({ history: true });
    const client = await server.open("/subscribe/pets");
    const plain = await post(server, "/publish/pets/dogs", "one\ntwo");
    assertEquals(outcome(plain), [201, "1"]);
    assertEquals(plain.header("content-type"), "application/json");
    const named = await post(server, "/publish/pets?event=new-dog", "Corgi", {
      "Content-Type": "text/plain; charset=UTF-8",
    });
    assertEquals(outcome(named), [201, "2"]);
    await client.hearsLast("data:Corgi\n\n");
    const { id } = JSON.parse(named.body);
    assertStringIncludes(client.body, "\ndata:one\ndata:two\n\n");
    assertStringIncludes(
      client.body,
      `\n\nid:${id}\nevent:new-dog\ndata:Corgi\n\n`,
    );
  });

  it("sends what is in JSON, to the last digit", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    const data = [
      '"Grüße\\nWelt"',
      '{"id":9007199254740993,"total":12.50,"__proto__":{"x":1}}',
      "1e400",
      "[-0, 0.1, true, null]",
      '""',
    ];
    for (const text of data) {
      assertEquals((await json(server, `{"data":${text}}`)).status, 201);
    }
    await json(server, { event: "last", data: { a: 1 } });
    await client.hearsLast('data:{"a":1}\n\n');
    assertEquals(
      client.body.slice(":ok\n\n".length),
      "data:Grüße\ndata:Welt\n\n" +
        'data:{"id":9007199254740993,"total":12.50,"__proto__":{"x":1}}\n\n' +
        "data:1e400\n\n" +
        "data:[0,0.1,true,null]\n\n" +
        "data:\n\n" +
        'event:last\ndata:{"a":1}\n\n',
    );
  });

  it("takes an empty text, and / for a namespace", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/");
    assertEquals(outcome(await post(server, "/publish/", "")), [201, "1"]);
    assertEquals(outcome(await post(server, "/publish", "")), [201, "2"]);
    await client.hearsLast("data:\n\ndata:\n\n");
  });

  it("takes a chunked body", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    const answer = await server.ask("/publish/a", {
      method: "POST",
      headers: {
        "Authorization": `bearer ${TOKEN}`,
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
      },
      body: '8\r\n{"data":\r\n5\r\n"hi"}\r\n0\r\n\r\n',
    });
    assertEquals(outcome(answer), [201, "1"]);
    await client.hearsLast("data:hi\n\n");
  });

  it("names the field that is wrong, and sends nothing", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/");
    const bodies: [unknown, string][] = [
      [{}, "'data' is missing"],
      [{ event: "x" }, "'data' is missing"],
      [{ data: 1, evnet: "x" }, 'no field "evnet"'],
      [{ data: 1, event: 7 }, "'event' must be a string"],
      [{ data: 1, event: "a\r\ndata:forged" }, "'event' must not contain"],
      [{ data: 1, event: "sse-end" }, "'event' must not start with"],
      [[1], "the body must be an object"],
      ["null", "the body must be an object"],
      ["{", "not valid JSON"],
      ["", "not valid JSON"],
    ];
    for (const [body, message] of bodies) {
      const answer = await json(server, body);
      assertEquals([body, answer.status], [body, 400]);
      assertStringIncludes(answer.body, message);
    }
    const twice = await json(server, { data: 1 }, "/publish/a?event=x");
    assertEquals(twice.status, 400);
    assertStringIncludes(twice.body, "'event' in the query");
    server.sse.broadcast({ namespace: "/", data: "end" });
    await client.hearsLast("data:end\n\n");
    assertEquals(client.body, ":ok\n\ndata:end\n\n");
    assertEquals(await refusals(server), { malformed: 11 });
  });

  it("refuses bytes that are no UTF-8", async () => {
    await using server = await start();
    const answer = await fetch(`http://127.0.0.1:${server.port}/publish/a`, {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${TOKEN}`,
        "Content-Type": "text/plain",
      },
      body: new Uint8Array([0xc3, 0x28]),
    });
    assertEquals(answer.status, 400);
    assertStringIncludes(await answer.text(), "not valid UTF-8");
  });

  it("refuses namespaces that subscribing refuses", async () => {
    await using server = await start();
    const long = "x".repeat(10 * 1024);
    for (
      const path of [
        "/a%2fb",
        "/a%0d%0ab",
        "/%00",
        "/%ff",
        `/${long}`,
        "/a".repeat(33),
      ]
    ) {
      const answer = await post(server, `/publish${path}`, "x");
      assertEquals([path, answer.status], [path, 400]);
      assertStringIncludes(answer.body, "'namespace'");
    }
    assertEquals(
      outcome(await post(server, "/publish/__proto__/constructor", "x")),
      [201, "1"],
    );
  });

  it("goes where a host says that the path leads, or nowhere", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/");
    // By the URL standard, %2e is a dot in a path, and hosts resolve it.
    for (const path of ["/a/../b", "/a/%2e%2e/b", "/a/.%2E/b"]) {
      const answer = await post(server, `/publish${path}`, path, {
        "Idempotency-Key": path,
      });
      if (answer.status === 400) continue;
      assertEquals([path, answer.status], [path, 201]);
      await client.hearsLast(`data:${path}\n\n`);
      // It is the event of /b.
      const same = await post(server, "/publish/b", path, {
        "Idempotency-Key": path,
      });
      assertEquals(same.body, answer.body);
    }
  });

  it("refuses other types and codings", async () => {
    await using server = await start();
    const headers = [
      { "Content-Type": undefined },
      { "Content-Type": "application/x-www-form-urlencoded" },
      { "Content-Type": "application/octet-stream" },
      { "Content-Type": "text/plain; charset=iso-8859-1" },
      { "Content-Encoding": "gzip" },
    ];
    for (const one of headers) {
      const answer = await post(server, "/publish/a", "x", one);
      assertEquals([one, answer.status], [one, 415]);
      assertStringIncludes(answer.body, "'Content-Type' must be");
    }
    assertEquals(await refusals(server), { type: headers.length });
  });

  it("refuses other methods", async () => {
    await using server = await start();
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const answer = await server.ask("/publish/a", { method });
      assertEquals([method, answer.status], [method, 405]);
      assertEquals(answer.header("allow"), "POST");
    }
    const preflight = await server.ask("/publish/a", {
      method: "OPTIONS",
      headers: {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
      },
    });
    assertEquals(preflight.status, 204);
    assertEquals(preflight.header("access-control-allow-origin"), undefined);
  });
});

describe("who may publish", () => {
  it("is whoever has the token in the Authorization header", async () => {
    await using server = await start();
    const refused: Record<string, string | undefined>[] = [
      { Authorization: undefined },
      { Authorization: `Bearer ${TOKEN}x` },
      { Authorization: `Bearer ${TOKEN.slice(1)}` },
      { Authorization: `Basic ${TOKEN}` },
      { Authorization: TOKEN },
      { Authorization: "Bearer " },
      {
        Authorization: undefined,
        Cookie: `token=${TOKEN}; sse-token=${TOKEN}`,
      },
    ];
    for (const headers of refused) {
      const answer = await post(server, "/publish/a", "x", headers);
      assertEquals([headers, answer.status], [headers, 401]);
      assertEquals(answer.header("www-authenticate"), "Bearer");
      assertEquals(answer.body.includes(TOKEN.slice(1)), false);
    }
    const query = await post(
      server,
      `/publish/a?token=${TOKEN}&access_token=${TOKEN}`,
      "x",
      { Authorization: undefined },
    );
    assertEquals(query.status, 401);
    assertEquals(await refusals(server), { unauthorized: refused.length + 1 });
    assertEquals((await post(server, "/publish/a", "x")).status, 201);
  });

  it("is no page of another origin, whatever it sends", async () => {
    await using server = await start();
    const headers: Record<string, string>[] = [
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { Origin: "https://evil.example" },
      { Origin: "null" },
    ];
    for (const one of headers) {
      const answer = await post(server, "/publish/a", "x", one);
      assertEquals([one, answer.status], [one, 403]);
    }
    assertEquals(await refusals(server), { forbidden: headers.length });
  });

  it("is decided by authorize where the token is not the one", async () => {
    const asked: unknown[] = [];
    await using server = await start({
      publish: {
        token: TOKEN,
        authorize(request, namespaces, info, action) {
          asked.push([namespaces, action, typeof info]);
          const name = request.headers.get("authorization");
          if (name === "Basic none") return false;
          if (name === "Basic teapot") {
            return new Response("!", { status: 418 });
          }
          if (name === "Basic broken") throw new Error("broken");
          return { namespaces: ["/users/42"], user: "42" };
        },
      },
      onError() {},
    });
    const as = async (name: string, path = "/publish/users/42") =>
      (await post(server, path, "x", { Authorization: name })).status;
    assertEquals(await as(`Bearer ${TOKEN}`), 201);
    assertEquals(asked, []);
    assertEquals(await as("Basic 42"), 201);
    assertEquals(asked, [[["/users/42"], "publish", "object"]]);
    assertEquals(await as("Basic 42", "/publish/users/42/mail"), 201);
    // Siblings, and what lies above.
    for (const path of ["/users/421", "/users/4", "/users", "/", "/users/7"]) {
      assertEquals([path, await as("Basic 42", `/publish${path}`)], [
        path,
        403,
      ]);
    }
    assertEquals(await as("Basic none"), 403);
    assertEquals(await as("Basic teapot"), 418);
    assertEquals(await as("Basic broken"), 503);
    assertEquals(await refusals(server), { forbidden: 7, authorize: 1 });
  });
});

describe("a server that cannot accept", () => {
  it("answers 503 once it is closed", async () => {
    await using server = await start({ onError() {} });
    await server.sse.close();
    const answer = await server.sse.fetch(
      new Request("http://localhost/publish/a", {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${TOKEN}`,
          "Content-Type": "text/plain",
        },
        body: "x",
      }),
    );
    assertEquals(answer.status, 503);
    assertMatch(await answer.text(), /cannot be accepted now/);
  });

  it("answers 503 at its limit, also under a key, which stays free", async () => {
    let isSaturated = true;
    let published = 0;
    const counters = new Counters();
    const app = new Hono();
    addPublish(app, {
      settings: serverSettingsOf({ publish: { token: TOKEN } }),
      hub: {
        counters,
        relief: () => isSaturated ? Promise.resolve() : undefined,
      } as never,
      start() {},
      broadcaster: {
        encode: () => ({ namespace: "/a", body: new Uint8Array() }),
        accept: () => ({ epoch: "E", seq: ++published }),
      } as never,
      report: (error) => {
        throw error;
      },
    });
    const publish = async () =>
      await app.request("/publish/a", {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${TOKEN}`,
          "Content-Type": "text/plain",
          "Idempotency-Key": "k",
        },
        body: "x",
      });
    for (const answer of await Promise.all([publish(), publish()])) {
      assertEquals([answer.status, answer.headers.get("retry-after")], [
        503,
        "1",
      ]);
      assertEquals(await answer.text(), "503 cannot be accepted now\n");
    }
    isSaturated = false;
    assertEquals(await (await publish()).json(), { id: "E-1" });
    // What is known under a key is answered at any time.
    isSaturated = true;
    assertEquals(await (await publish()).json(), { id: "E-1" });
    assertEquals(published, 1);
    assertEquals(counters.publishRefusals.unavailable, 2);
  });

  it("looks at a thousand requests at a time", async () => {
    let asked = 0;
    let decide = (_: boolean) => {};
    const decision = new Promise<boolean>((resolve) => decide = resolve);
    await using sse = new SSEServer({
      publish: {
        authorize: () => {
          asked++;
          return decision;
        },
      },
    });
    const publish = async () =>
      (await sse.fetch(
        new Request("http://localhost/publish/a", {
          method: "POST",
          headers: { "Content-Type": "text/plain" },
          body: "x",
        }),
      )).status;
    const waiting = Array.from({ length: 1_000 }, publish);
    await until(() => asked === 1_000, "a thousand questions");
    assertEquals(await publish(), 503);
    decide(true);
    assertEquals(new Set(await Promise.all(waiting)), new Set([201]));
    assertEquals(await publish(), 201);
  });
});
