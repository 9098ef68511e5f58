import { SSEServer } from "@sseserver/sseserver";
import { TestClient, TestClock } from "@sseserver/sseserver/testing";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const HEADERS = { "Content-Type": "text/event-stream" };

/** A stream that ends at once. */
function ended(text: string, headers: HeadersInit = HEADERS): Response {
  return new Response(text, { headers });
}

/** A stream that a test writes to. */
class Source {
  readonly response: Response;
  cancelled = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void this.cancelled++,
    });
    this.response = new Response(body, { headers: HEADERS });
  }

  write(text: string): void {
    this.#controller!.enqueue(new TextEncoder().encode(text));
  }

  close(): void {
    this.#controller!.close();
  }

  fail(error: Error): void {
    this.#controller!.error(error);
  }
}

/** A client of a stream that a test writes to. */
async function tapped(
  timeout = 1_000,
): Promise<{ source: Source; client: TestClient }> {
  const source = new Source();
  const client = await TestClient.of(source.response, { timeout });
  return { source, client };
}

describe("a client of a server", () => {
  it("has read what comes at once when it is open", async () => {
    await using sse = new SSEServer({ retry: 1_000 });
    await using client = await TestClient.open(sse, "/subscribe/pets");
    assertEquals(client.status, 200);
    assertEquals(
      client.headers.get("content-type"),
      "text/event-stream; charset=utf-8",
    );
    assertMatch(client.text, /^:ok\nretry:\d+\n\n$/);
    assertEquals(client.comments, ["ok"]);
    assert(client.retry! >= 500 && client.retry! <= 1_500);
    assertEquals([client.lastEventId, client.isEnded], ["", false]);
    assertEquals(sse.status().connections.length, 1);
  });

  it("hears events, as EventSource has them", async () => {
    await using sse = new SSEServer();
    await using client = await TestClient.open(sse, "/subscribe/pets");
    sse.broadcast({ namespace: "/pets/a", event: "new-dog", data: { age: 1 } });
    sse.broadcast({ namespace: "/pets", data: " two\nlines" });
    const dog = await client.nextJSON<{ age: number }>("new-dog");
    assertEquals(dog.age, 1);
    assertEquals((await client.next()).data, " two\nlines");
    assertEquals(client.events, [
      { event: "new-dog", data: '{"age":1}', id: "" },
      { event: "message", data: " two\nlines", id: "" },
    ]);
    sse.broadcast({ namespace: "/pets", event: "new-cat", data: "Tom" });
    await assertRejects(
      () => client.nextJSON(),
      SyntaxError,
      `event 'new-cat' as JSON: current value is "Tom"`,
    );
  });

  it("leaves as a client does that goes, also at the end of a block", async () => {
    const reasons: string[] = [];
    await using sse = new SSEServer({
      onDisconnect: (_, reason) => void reasons.push(reason),
    });
    const first = await TestClient.open(sse, "/subscribe/a");
    await first.leave();
    await first.leave();
    assertEquals([first.isEnded, await first.ended()], [true, "client"]);
    {
      await using second = await TestClient.open(sse, "/subscribe/a");
      using third = await TestClient.open(sse, "/subscribe/a");
      assertEquals([second.isEnded, third.isEnded], [false, false]);
    }
    assertEquals(sse.status().connections, []);
    assertEquals(reasons, ["client", "client", "client"]);
  });

  it("hears what a server does in time that is moved by hand", async () => {
    const clock = new TestClock();
    await using sse = new SSEServer({ clock, maxAge: 60_000, retry: false });
    await using client = await TestClient.open(sse, "/subscribe/a");
    await clock.advance(15_000);
    await clock.advance(15_000);
    // On Bun more often, as nothing tells that the host would wait for so long.
    assertEquals([...new Set(client.comments)], ["ok", "keepalive"]);
    await clock.advance(30_000);
    assertEquals(await client.ended(), "server");
    assertEquals(clock.timers, 0);
  });

  it("passes on method, headers, body and what the host knows", async () => {
    const app = new Hono<{ Bindings: { peer: string } }>();
    app.post("/echo", async (c) => {
      const { peer } = c.env;
      const words = [
        c.req.header("accept"),
        c.req.header("x-key"),
        await c.req.text(),
        c.req.url,
        peer,
      ];
      return ended(`data:${words.join(" ")}\n\n`);
    });
    const client = await TestClient.open(app, "/echo?q=1", {
      method: "POST",
      headers: { "X-Key": "k" },
      body: "hello",
      info: { peer: "192.0.2.1" },
    });
    const expected =
      "text/event-stream k hello http://localhost/echo?q=1 192.0.2.1";
    assertEquals((await client.next()).data, expected);
    await client.reconnect();
    assertEquals((await client.next()).data, expected);
    const own = await TestClient.open(
      (request) => ended(`data:${request.headers.get("accept")}\n\n`),
      "https://example.com/",
      { headers: { accept: "text/*" } },
    );
    assertEquals((await own.next()).data, "text/*");
  });

  it("tells an app by its request's signal that it has gone", async () => {
    let gone = false;
    const app = new Hono();
    app.get("/", (c) => {
      c.req.raw.signal.addEventListener("abort", () => gone = true);
      return streamSSE(c, async (stream) => {
        await stream.writeSSE({ data: "1", event: "count", id: "7" });
        await new Promise<void>((resolve) => stream.onAbort(resolve));
      });
    });
    const client = await TestClient.open(app, "/");
    assertEquals(
      await client.next("count"),
      {
        event: "count",
        data: "1",
        id: "7",
      } as typeof client.events[0],
    );
    assertEquals(gone, false);
    await client.leave();
    assertEquals(gone, true);
  });
});

describe("waiting for an event", () => {
  it("takes one after the other, whether it has come already or not", async () => {
    const { source, client } = await tapped();
    source.write("data:1\n\n");
    source.write("data:2\n\nda");
    assertEquals((await client.next()).data, "1");
    assertEquals((await client.next()).data, "2");
    const third = client.next();
    const fourth = client.next();
    source.write("ta:3\n\ndata:4\n\n");
    assertEquals([(await third).data, (await fourth).data], ["3", "4"]);
  });

  it("passes over those before the one of that name, which stay to be seen", async () => {
    const { source, client } = await tapped(20);
    source.write(
      "event:a\ndata:1\n\ndata:2\n\nevent:a\ndata:3\n\nevent:b\ndata:4\n\n",
    );
    assertEquals((await client.next("message")).data, "2");
    assertEquals((await client.next("b")).data, "4");
    assertEquals(client.events.map(({ data }) => data), ["1", "2", "3", "4"]);
    await assertRejects(() => client.next("a"), Error);
    // Even those who wait at the same time take turns.
    const [a, b] = [client.next("a"), client.next("b")];
    source.write("event:b\ndata:5\n\nevent:a\ndata:6\n\nevent:b\ndata:7\n\n");
    assertEquals([(await a).data, (await b).data], ["6", "7"]);
  });

  it("passes over nothing when it was in vain", async () => {
    const { source, client } = await tapped();
    source.write("data:1\n\n");
    const late = client.next("a", { timeout: 10 });
    const after = client.next();
    await assertRejects(() => late);
    assertEquals((await after).data, "1");
  });

  it("shows after its time what has come instead", async () => {
    const { source, client } = await tapped(20);
    source.write(`:ok\n\n`);
    const nothing = await assertRejects(() => client.next());
    assertEquals((nothing as Error).name, "TimeoutError");
    assertEquals(
      (nothing as Error).message,
      "Cannot get an event of the response as it has not come within 20 ms: " +
        'current text is ":ok\\n\\n"',
    );
    source.write("event:new-dog\nid:7\ndata:Corgi\n\ndata:a\ndata:b\n\n");
    await client.next("new-dog");
    const wrong = await assertRejects(() =>
      client.next("new-cat", { timeout: 10 })
    );
    assertEquals(
      (wrong as Error).message,
      `Cannot get event "new-cat" of the response as it has not come within 10 ms: ` +
        'current events are\n  seen: new-dog "Corgi", id "7"\n' +
        '  new: message "a\\nb", id "7"',
    );
    source.write("data:x\n\n".repeat(30));
    const many = await assertRejects(() => client.next("new-cat"));
    const lines = (many as Error).message.split("\n");
    assertStringIncludes(lines[0]!, "the last 20 of 32 events are");
    assertEquals(lines.length, 21);
    const end = await assertRejects(() => client.ended());
    assertStringIncludes((end as Error).message, "Cannot get the end of");
  });

  it("points at the line that waited", async () => {
    async function whereItWaits(): Promise<void> {
      const { client } = await tapped(1);
      await client.next();
    }
    const error = await assertRejects(whereItWaits);
    assertStringIncludes((error as Error).stack!, "whereItWaits");
  });

  it("takes real time also where the global timers were replaced", async () => {
    const { client } = await tapped(10);
    const original = globalThis.setTimeout;
    globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
    try {
      await assertRejects(() => client.next(), Error, "10 ms");
    } finally {
      globalThis.setTimeout = original;
    }
  });

  it("takes what is there by the time at which a busy program gets to it", async () => {
    const { source, client } = await tapped(5);
    const waiting = client.next();
    setTimeout(() => source.write("data:1\n\n"), 10);
    // Both timers are due by then, the one of the wait first.
    const start = performance.now();
    while (performance.now() - start < 30);
    assertEquals((await waiting).data, "1");
  });

  it("ends with the stream, whose last events can still be taken", async () => {
    const { source, client } = await tapped();
    const waiting = client.next("never");
    source.write("data:1\n\ndata:2\n\ndata:cut off");
    source.close();
    await assertRejects(
      () => waiting,
      Error,
      "the server has ended the stream",
    );
    assertEquals(await client.ended(), "server");
    assertEquals((await client.next()).data, "1");
    assertEquals((await client.next()).data, "2");
    await assertRejects(() => client.next(), Error, "the server has ended");
    assertEquals(client.text, "data:1\n\ndata:2\n\ndata:cut off");
  });

  it("tells what a stream has failed with", async () => {
    const { source, client } = await tapped();
    const waiting = client.next();
    source.fail(new Error("cut off"));
    const error = await assertRejects(() => waiting, Error, "has failed");
    assertEquals(await client.ended(), "error");
    for (const cause of [client.error, (error as Error).cause]) {
      assertEquals((cause as Error).message, "cut off");
    }
  });

  it("ends when the client leaves", async () => {
    const { source, client } = await tapped();
    const waiting = client.next();
    await client.leave();
    await assertRejects(() => waiting, Error, "the client has left");
    assertEquals(source.cancelled, 1);
  });
});

describe("a loop over a client", () => {
  it("takes one event after the other until the end", async () => {
    const { source, client } = await tapped();
    source.write("data:1\n\ndata:2\n\n");
    const heard: string[] = [];
    for await (const { data } of client) {
      heard.push(data);
      if (data === "2") break;
    }
    assertEquals([source.cancelled, client.isEnded], [0, false]);
    source.write("data:3\n\n");
    source.close();
    for await (const { data } of client) heard.push(data);
    assertEquals(heard, ["1", "2", "3"]);
  });

  it("fails like a wait that is in vain", async () => {
    const { source, client } = await tapped(10);
    const drain = async () => {
      for await (const _ of client);
    };
    await assertRejects(drain, Error, "10 ms");
    source.fail(new Error("cut off"));
    await assertRejects(drain, Error, "has failed");
    const refused = await TestClient.of(new Response("no", { status: 403 }));
    await assertRejects(
      async () => {
        for await (const _ of refused);
      },
      Error,
      "status 403",
    );
  });
});

describe("an answer that is no stream", () => {
  it("is there to be looked at, its whole body too", async () => {
    await using sse = new SSEServer({ authorize: () => false });
    const client = await TestClient.open(sse, "/subscribe/a");
    assertEquals([client.status, client.isEnded], [403, true]);
    assertMatch(client.text, /^403 /);
    assertEquals(client.events, []);
  });

  it("fails whoever waits for an event, by status, type and body", async () => {
    const app = new Hono().get("/x", (c) => c.json({ error: "no" }, 401));
    const client = await TestClient.open(app, "/x");
    await assertRejects(
      () => client.next("news"),
      Error,
      'Cannot get event "news" of GET /x as there is no event stream: the answer has ' +
        'status 401, content type "application/json" and body "{\\"error\\":\\"no\\"}"',
    );
    const nothing = await TestClient.of(new Response(null, { status: 204 }));
    assertEquals([nothing.status, await nothing.ended()], [204, "server"]);
    await assertRejects(() => nothing.next(), Error, "content type none");
  });

  it("is what EventSource takes for none", async () => {
    const isStream = async (response: Response) => {
      const client = await TestClient.of(response);
      return client.events.length === 1;
    };
    const text = "data:x\n\n";
    for (
      const type of [
        "text/event-stream",
        "TEXT/Event-Stream ;charset=utf-8",
      ]
    ) {
      assertEquals(await isStream(ended(text, { "Content-Type": type })), true);
    }
    for (const type of ["text/plain", "text/event-streams", "text/event"]) {
      assertEquals(
        await isStream(ended(text, { "Content-Type": type })),
        false,
      );
    }
    const created = new Response(text, { status: 201, headers: HEADERS });
    assertEquals(await isStream(created), false);
  });

  it("has to end in time, and is left otherwise", async () => {
    const { response } = new Source();
    let cancelled = false;
    const endless = new Response(
      new ReadableStream({ cancel: () => void (cancelled = true) }),
      { status: 500 },
    );
    const error = await assertRejects(() =>
      TestClient.of(endless, { timeout: 10 })
    );
    assertEquals((error as Error).name, "TimeoutError");
    assertStringIncludes((error as Error).message, "status 500");
    assertEquals(cancelled, true);
    await response.body!.cancel();
  });
});

describe("a client that comes back", () => {
  it("gets what it has missed, once", async () => {
    await using sse = new SSEServer({ history: true });
    await using client = await TestClient.open(sse, "/subscribe/a");
    sse.broadcast({ namespace: "/a", data: 1 });
    await client.next("message");
    const before = client.lastEventId;
    await client.leave();
    sse.broadcast({ namespace: "/a", data: 2 });
    await client.reconnect();
    assertEquals(await client.nextJSON("sse-open"), { resumed: true });
    assertEquals((await client.next()).data, "2");
    // While it is open it leaves first.
    sse.broadcast({ namespace: "/a", data: 3 });
    await client.reconnect();
    assertEquals(sse.status().connections.length, 1);
    await client.next("sse-open");
    sse.broadcast({ namespace: "/a", data: 4 });
    await client.next("message");
    await client.next("message");
    const messages = client.events.filter(({ event }) => event === "message");
    assertEquals(messages.map(({ data }) => data), ["1", "2", "3", "4"]);
    assertEquals(messages[0]!.id, before);
    assertEquals(client.lastEventId, messages[3]!.id);
    assertStringIncludes(client.text, "data:4");
    assertEquals(client.text.includes("data:2"), false);
    assertEquals(client.comments, ["ok", "ok", "ok"]);
  });

  it("keeps its id when it is refused", async () => {
    const ids: (string | null)[] = [];
    const client = await TestClient.open((request) => {
      ids.push(request.headers.get("Last-Event-ID"));
      return ids.length === 2
        ? new Response("busy", { status: 503 })
        : ended("id:1-é\n\n");
    }, "/");
    await client.ended();
    await client.reconnect();
    assertEquals([client.status, client.text], [503, "busy"]);
    await client.reconnect();
    assertEquals([client.status, client.lastEventId], [200, "1-é"]);
    // Headers are bytes: in UTF-8.
    assertEquals(ids, [null, "1-Ã©", "1-Ã©"]);
  });

  it("may begin with the id of another one", async () => {
    await using sse = new SSEServer({ history: true });
    const id = await sse.publish({ namespace: "/a", data: 1 });
    await sse.publish({ namespace: "/a", data: 2 });
    await using client = await TestClient.open(sse, "/subscribe/a", {
      lastEventId: id,
    });
    assertEquals((await client.next("message")).data, "2");
  });

  it("stops where a namespace has ended", async () => {
    await using sse = new SSEServer({ history: true });
    await using client = await TestClient.open(sse, "/subscribe/a");
    sse.end("/a");
    await client.next("sse-end");
    assertEquals(await client.ended(), "server");
    await client.reconnect();
    assertEquals([client.status, client.text], [204, ""]);
  });

  it("sends the cookies that it was given", async () => {
    await using sse = new SSEServer({ authorize: () => false, history: true });
    const ticket = sse.ticket({ namespaces: ["/users/42"], user: "42" });
    const path = `/subscribe/users/42?ticket=${ticket}`;
    await using client = await TestClient.open(sse, path);
    await client.reconnect();
    assertEquals(client.status, 200);
    assertEquals(sse.status().connections[0]!.user, "42");
    // A ticket is good once: without its cookie nobody else gets in.
    assertEquals((await TestClient.open(sse, path)).status, 401);
  });

  it("cannot, when it was made of a response", async () => {
    const client = await TestClient.of(ended(""));
    await assertRejects(() => client.reconnect(), Error, "made of a response");
  });
});

describe("opening a client", () => {
  it("has its time, after which a stream that comes is left", async () => {
    const source = new Source();
    let answer = (_: Response): void => {};
    let signal: AbortSignal | undefined;
    const error = await assertRejects(() =>
      TestClient.open(
        (request) => {
          signal = request.signal;
          return new Promise((resolve) => answer = resolve);
        },
        "/slow",
        { timeout: 10 },
      )
    );
    assertEquals(
      [(error as Error).name, (error as Error).message],
      [
        "TimeoutError",
        "Cannot open GET /slow as there was no response within 10 ms",
      ],
    );
    assertEquals(signal!.aborted, true);
    answer(source.response);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(source.cancelled, 1);
  });

  it("throws what the handler throws", async () => {
    const fail = () => {
      throw new Error("broken");
    };
    await assertRejects(() => TestClient.open(fail, "/"), Error, "broken");
    const reject = () => Promise.reject(new Error("broken"));
    await assertRejects(() => TestClient.open(reject, "/"), Error, "broken");
  });

  it("names what is not as it should be", async () => {
    const open = (...args: unknown[]) =>
      TestClient.open(...(args as Parameters<typeof TestClient.open>));
    const ok = () => ended("");
    const bad: [() => Promise<unknown>, typeof Error, string][] = [
      [() => open({}, "/"), TypeError, "'target' must be a function"],
      [() => open(undefined, "/"), TypeError, "current value is undefined"],
      [
        () => open(ok, "http://:x"),
        TypeError,
        "'path' must be a path or a URL",
      ],
      [
        () => open(() => "no", "/"),
        TypeError,
        `must be a Response: current value is "no"`,
      ],
      [() => open(ok, "/", { timeout: -1 }), RangeError, "'timeout'"],
      [() => open(ok, "/", { timeout: Infinity }), RangeError, "'timeout'"],
      [() => open(ok, "/", { maxBytes: 0 }), RangeError, "'maxBytes'"],
      [() => open(ok, "/", { timeout: Symbol("1") }), RangeError, "Symbol(1)"],
      [
        () => open(ok, "/", { lastEventID: "e-1" }),
        TypeError,
        "there is no option 'lastEventID'",
      ],
      [() => open(ok, "/", null), TypeError, "the options must be an object"],
    ];
    for (const [call, kind, message] of bad) {
      await assertRejects(call, kind, message);
    }
    const client = await open(ok, "/");
    await assertRejects(
      () => client.next("x", { timeout: NaN }),
      RangeError,
      "'timeout' must be from 0 to 2147483647 milliseconds: current value is NaN",
    );
  });
});

describe("a stream without end", () => {
  it("fails at its limit instead of filling memory", async () => {
    let cancelled = false;
    const chunk = new TextEncoder().encode(`data:${"x".repeat(1_000)}\n\n`);
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(chunk),
      cancel: () => void (cancelled = true),
    });
    const client = await TestClient.of(
      new Response(body, { headers: HEADERS }),
      { maxBytes: 1_000_000 },
    );
    assertEquals(await client.ended(), "error");
    assertEquals(client.events.length, Math.floor(1_000_000 / chunk.length));
    assertStringIncludes(String(client.error), "1000000 bytes ('maxBytes')");
    assertEquals(cancelled, true);
  });

  it("leaves the event loop its turn", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Uint8Array.of(58)),
    });
    const client = await TestClient.of(
      new Response(body, { headers: HEADERS }),
    );
    await assertRejects(() => client.next("x", { timeout: 10 }), Error);
    await client.leave();
  });
});
