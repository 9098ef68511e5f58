import type { SSEServer } from "@sseserver/sseserver";
import { nodeListener } from "@sseserver/sseserver/node";
import { getRequestListener } from "@hono/node-server";
import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import express from "express";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startOnNodeHttp } from "../tools/node_host.ts";
import type { RawClient } from "../tools/raw_client.ts";

const OPENING = ":ok\n\n";
const KEY = "0123456789abcdef";
const BODY = '{"data":{"n":12345678901234567890}}';
const POST = {
  method: "POST",
  headers: {
    Authorization: `Bearer ${KEY}`,
    "Content-Type": "application/json",
    "Content-Length": String(BODY.length),
  },
  body: BODY,
};

/** Express' request, as far as it is used here: its types are not installed. */
interface ExpressRequest extends IncomingMessage {
  readonly params: { readonly user: string };
  readonly body?: unknown;
  rawBody?: Uint8Array;
}

function cookieOf(client: RawClient): string {
  return client.header("set-cookie")!;
}

describe("Express", () => {
  it("has streams of its own routes, by what middleware knows of the client", async () => {
    await using host = await startOnNodeHttp((sse) => {
      const app = express();
      app.use((req: { user: string }, _: unknown, next: () => void) => {
        req.user = "ann";
        next();
      });
      return app.get(
        "/updates",
        nodeListener<IncomingMessage & { user: string }>((request, info) =>
          sse.subscribe(request, `/users/${info.incoming.user}`, { info })
        ),
      );
    });
    const client = await host.open("/updates");
    host.sse.broadcast({ namespace: "/users/bob", data: "no" });
    host.sse.broadcast({ namespace: "/users/ann", data: "yes" });
    await client.hears(`${OPENING}data:yes\n\n`);
    const [row] = host.sse.status().connections;
    assertEquals([row!.request_path, row!.client_ip], [
      "/updates",
      "127.0.0.1",
    ]);
    const head = host.send("/updates", { method: "HEAD" });
    assertEquals((await head.answered()).status, 200);
    client.leave();
    await host.settles(0);
  });

  it("is told of what a route throws", async () => {
    await using host = await startOnNodeHttp((sse) => {
      const app = express();
      app.get(
        "/users/:user",
        nodeListener<ExpressRequest>((request, info) =>
          sse.subscribe(request, `/users/${info.incoming.params.user}`, {
            info,
          })
        ),
      );
      return app.use((
        { message }: Error,
        _req: unknown,
        res: { status(code: number): { send(text: string): void } },
        _next: unknown,
      ) => res.status(418).send(message));
    });
    const answer = await host.ask("/users/a%2f..");
    assertEquals(answer.status, 418);
    assertMatch(
      answer.body,
      /^Cannot use 'namespace' as a segment must not be/,
    );
  });

  it("has a ticket's cookie be for the path that the browser knows", async () => {
    await using host = await startOnNodeHttp(
      (sse) => express().use("/live", nodeListener(sse.fetch)),
      { authorize: () => false },
    );
    const ticket = host.sse.ticket({ namespaces: ["/a"] });
    const path = `/live/subscribe/a?ticket=${ticket}`;
    const cookie = cookieOf(await host.open(path));
    assertMatch(cookie, /; Path=\/live\/subscribe; HttpOnly; SameSite=Strict$/);
    const Cookie = cookie.split(";")[0]!;
    assertEquals((await host.ask(path)).status, 401);
    assertEquals((await host.open(path, { headers: { Cookie } })).status, 200);
    assertEquals(host.streams, 2);
  });

  it("has the console where it is mounted", async () => {
    await using host = await startOnNodeHttp(
      (sse) => express().use("/live", nodeListener(sse.fetch)),
      { admin: { key: KEY } },
    );
    const bare = await host.ask("/live/admin");
    assertEquals([bare.status, bare.header("location")], [302, "./admin/"]);
    const keyed = await host.ask(`/live/admin/?key=${KEY}`);
    assertEquals([keyed.status, keyed.header("location")], [303, "./"]);
    // Without a path, it is for the folder that the browser asked for.
    assertMatch(
      cookieOf(keyed),
      /^sse-admin-\w+=\w+; HttpOnly; SameSite=Strict$/,
    );
    const headers = {
      Cookie: cookieOf(keyed).split(";")[0]!,
      "X-Forwarded-For": "192.0.2.1",
    };
    const page = await host.ask("/live/admin/", { headers });
    assertEquals(page.status, 200);
    assertEquals(/(?:src|href)="\//.test(page.body), false);
    const status = await host.ask("/live/admin/status.json", { headers });
    assertEquals(status.status, 200);
  });

  it("is told clearly when it has read what is to be published", async () => {
    for (
      const keep of [
        () => undefined,
        (body: Uint8Array) => new TextDecoder().decode(body),
        (body: Uint8Array) => new Uint8Array(body),
      ]
    ) {
      const errors: unknown[] = [];
      await using host = await startOnNodeHttp(
        (sse) =>
          express().use(express.json({
            verify: (
              req: { rawBody?: unknown },
              _: unknown,
              body: Uint8Array,
            ) => {
              req.rawBody = keep(body);
            },
          })).use("/live", nodeListener(sse.fetch)),
        { publish: { token: KEY }, onError: (error) => errors.push(error) },
      );
      const answer = await host.ask("/live/publish/a", POST);
      assertEquals([answer.status, answer.body], [
        500,
        "500 the body was read before: mount the server before what parses bodies\n",
      ]);
      assertEquals(errors.length, 1);
      assertMatch(
        String(errors[0]),
        /^TypeError: Cannot publish as the body was/,
      );
    }
  });

  it("publishes nothing in place of a body whose length nobody knew, whatever listens", async () => {
    const listeners = [
      ({ fetch }: SSEServer) => nodeListener(fetch),
      // Of the adapter itself, without what would change all tests of this process.
      ({ fetch }: SSEServer) =>
        getRequestListener(fetch, { overrideGlobalObjects: false }),
    ];
    for (const listener of listeners) {
      const errors: unknown[] = [];
      await using host = await startOnNodeHttp(
        (sse) => express().use(express.text(), listener(sse)),
        { publish: { token: KEY }, onError: (error) => errors.push(error) },
      );
      const answer = await host.ask("/publish/a", {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${KEY}`,
          "Content-Type": "text/plain",
          "Transfer-Encoding": "chunked",
        },
        body: "5\r\nhello\r\n0\r\n\r\n",
      });
      assertEquals(answer.status, 500);
      assertEquals([host.sse.status().msgs_broadcast, errors.length], [0, 1]);
    }
  });

  it("may read a body that it keeps, or that only it needs", async () => {
    await using host = await startOnNodeHttp((sse) => {
      const app = express();
      app.use(express.json({
        verify: (req: ExpressRequest, _: unknown, body: Uint8Array) => {
          req.rawBody = body;
        },
      }));
      app.use("/live", nodeListener(sse.fetch));
      return app.post(
        "/stream",
        nodeListener<ExpressRequest>((request, info) => {
          const { data } = info.incoming.body as { data: object };
          return sse.subscribe(
            new Request(request.url, { signal: request.signal }),
            `/${Object.keys(data)}`,
            { info },
          );
        }),
      );
    }, { publish: { token: KEY } });
    const client = await host.open("/stream", POST);
    const published = await host.ask("/live/publish/n", POST);
    assertEquals(published.status, 201, published.body);
    await client.hears(`${OPENING}data:{"n":12345678901234567890}\n\n`);
    client.leave();
    await host.settles(0);
  });

  it("has middleware see all that is written, where it asks to", async () => {
    let seen = "";
    await using host = await startOnNodeHttp((sse) => {
      const app = express();
      app.use((_: unknown, res: ServerResponse, next: () => void) => {
        const write = res.write.bind(res);
        res.write = (chunk: Uint8Array, ...rest: unknown[]) => {
          seen += new TextDecoder().decode(chunk);
          return write(chunk, ...rest as [BufferEncoding]);
        };
        next();
      });
      return app.use("/live", nodeListener(sse.fetch));
    });
    const client = await host.open("/live/subscribe/a");
    for (const data of [1, 2, 3]) {
      host.sse.broadcast({ namespace: "/a", data });
      await client.hearsLast(`data:${data}\n\n`);
    }
    assertEquals(seen, client.body);
    assertEquals(seen, `${OPENING}data:1\n\ndata:2\n\ndata:3\n\n`);
  });
});
