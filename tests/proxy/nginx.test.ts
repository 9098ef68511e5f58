import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NGINX, Nginx, NGINX_HINT } from "../tools/nginx.ts";
import { start } from "../tools/sockets.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

const TOKEN = "0123456789abcdef";

const test = NGINX === undefined ? it.skip : it;

describe(`behind the documentation's nginx${NGINX_HINT}`, () => {
  test("events arrive one by one, and publications go through", async () => {
    await using server = await start({
      trustProxy: 1,
      publish: { token: TOKEN },
    });
    await using nginx = await Nginx.start(server.port);
    const client = new RawClient(nginx.port, "/subscribe/pets");
    await until(() => client.body === ":ok\n\n", "the first chunk");
    for (let i = 1; i <= 3; i++) {
      // Each is here before the next is sent, so nobody keeps it back.
      server.sse.broadcast({ namespace: "/pets/dogs", data: `${i}` });
      await client.hearsLast(`data:${i}\n\n`);
    }
    const answer = await fetch(
      `http://127.0.0.1:${nginx.port}/publish/pets?event=new-dog`,
      {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${TOKEN}`,
          "Content-Type": "text/plain",
        },
        body: "x".repeat(1024 * 1024),
      },
    );
    assertEquals(answer.status, 201);
    await answer.text();
    await until(
      () => client.body.endsWith("xxx\n\n"),
      "what was published",
    );
    client.leave();
    await server.settles(0);
  });

  test("the client's address is the one that nginx saw", async () => {
    await using server = await start({ trustProxy: 1 });
    await using nginx = await Nginx.start(server.port);
    const client = new RawClient(nginx.port, "/subscribe/a", {
      headers: { "X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6" },
    });
    await until(() => client.body === ":ok\n\n", "the first chunk");
    const [row] = server.sse.status().connections;
    assertEquals(row!.client_ip, "127.0.0.1");
    client.leave();
    // Two would take the word of the client.
    await using deep = await start({ trustProxy: 2 });
    await using outer = await Nginx.start(deep.port);
    const other = new RawClient(outer.port, "/subscribe/a", {
      headers: { "X-Forwarded-For": "6.6.6.6" },
    });
    await until(() => other.body === ":ok\n\n", "the first chunk");
    assertEquals(deep.sse.status().connections[0]!.client_ip, "6.6.6.6");
    other.leave();
  });

  test("the console is not open through it", async () => {
    await using server = await start({ trustProxy: 1 });
    await using nginx = await Nginx.start(server.port);
    const statuses: Record<string, number> = {
      "/admin/": 404,
      "/admin/status.json": 404,
      "/admin": 404,
      "//admin/": 404,
      "/subscribe/../admin/status.json": 404,
      "/subscribe/%2e%2e/admin/status.json": 404,
      "/subscribe/..\\admin\\status.json": 400,
    };
    for (const [path, expected] of Object.entries(statuses)) {
      const answer = await new RawClient(nginx.port, path).done();
      assertEquals([path, answer.status], [path, expected]);
    }
    // Nor were it passed on: that it was forwarded shows.
    const forwarded = await server.ask("/admin/status.json", {
      headers: { "X-Forwarded-For": "127.0.0.1" },
    });
    assertEquals(forwarded.status, 403);
    assertStringIncludes(forwarded.body, "not through a proxy");
  });

  test("a client that goes is noticed behind it", async () => {
    await using server = await start({ trustProxy: 1 });
    await using nginx = await Nginx.start(server.port);
    const clients = Array.from(
      { length: 20 },
      () => new RawClient(nginx.port, "/subscribe/a"),
    );
    await server.settles(20);
    for (const client of clients) client.reset();
    await server.settles(0);
  });
});
