import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import type { SSEServer } from "@sseserver/sseserver";
import {
  type EventSourceLike,
  type ReceivedEvent,
  SSEClient,
  type SSEClientOptions,
  type Subscription,
  type SubscriptionOptions,
} from "@sseserver/sseserver/client";
import { EventSource } from "eventsource";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Program } from "../tools/program.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { sleep, until } from "../tools/waiting.ts";

interface Events {
  "/pets/:kind": { "new-pet": { name: string }; note: string };
  "/jobs/:id": { progress: number; error: { why: string } };
}

/** An EventSource that a test drives by hand. */
class FakeEventSource implements EventSourceLike {
  static opened: FakeEventSource[] = [];
  readonly url: string;
  readonly withCredentials: boolean | undefined;
  readyState = 0;
  readonly #listeners = new Map<string, Set<(event: unknown) => void>>();

  constructor(url: string, init?: { withCredentials?: boolean }) {
    this.url = url;
    this.withCredentials = init?.withCredentials;
    FakeEventSource.opened.push(this);
  }

  addEventListener(type: string, listener: (event: unknown) => void): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  close(): void {
    this.readyState = 2;
  }

  /** Has its listeners called, with data as of an event of the stream, or without. */
  dispatch(type: string, data?: string, lastEventId = ""): void {
    const event: ReceivedEvent = data === undefined
      ? { type }
      : { type, data, lastEventId };
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  open(): void {
    this.readyState = 1;
    this.dispatch("open");
  }

  refuse(): void {
    this.readyState = 2;
    this.dispatch("error");
  }
}

/** Closes what tests leave open: a stream that connects keeps a process alive. */
const ending = new AbortController();

class EndingClient extends SSEClient<Events> {
  override subscribe<const N extends string>(
    namespaces: N | readonly N[],
    options: SubscriptionOptions = {},
  ): Subscription<Events, N> {
    return super.subscribe(namespaces, { signal: ending.signal, ...options });
  }
}

function fakeClient(options: SSEClientOptions = {}): SSEClient<Events> {
  FakeEventSource.opened = [];
  return new EndingClient("/live/", {
    EventSource: FakeEventSource,
    ...options,
  });
}

function opened(): FakeEventSource {
  return FakeEventSource.opened.at(-1)!;
}

describe("a client on an EventSource", () => {
  afterAll(() => ending.abort());

  it("asks for what it is told to", () => {
    const client = fakeClient();
    client.subscribe("/pets/big dogs");
    assertEquals(opened().url, "/live/subscribe/pets/big%20dogs");
    assertEquals(opened().withCredentials, false);
    client.subscribe(["pets/", "/jobs/7"], {
      latest: true,
      lastEventId: "e-1",
    });
    assertEquals(
      opened().url,
      "/live/subscribe/pets?ns=%2Fjobs%2F7&latest=true&lastEventId=e-1",
    );
    client.subscribe("/");
    assertEquals(opened().url, "/live/subscribe/");
    client.subscribe("/jobs/7", { url: "/updates?a=b", lastEventId: "e-1" });
    assertEquals(opened().url, "/updates?a=b&lastEventId=e-1");
    client.subscribe("/jobs/7", { url: "/updates#top", lastEventId: "e-1" });
    assertEquals(opened().url, "/updates?lastEventId=e-1");
    const EventSource = FakeEventSource;
    new SSEClient(new URL("https://a.example/?site=b#top"), { EventSource })
      .subscribe(["/x", "/y"], ending);
    assertEquals(
      opened().url,
      "https://a.example/subscribe/x?site=b&ns=%2Fy",
    );
    client.subscribe("/\ud800");
    assertEquals(opened().url, "/live/subscribe/%EF%BF%BD");
    new SSEClient("https://a.example", {
      EventSource: FakeEventSource,
      withCredentials: true,
    }).subscribe("/x", ending);
    assertEquals(opened().url, "https://a.example/subscribe/x");
    assertEquals(opened().withCredentials, true);
  });

  it("parses data once for all handlers, and leaves texts as they are", () => {
    const heard: unknown[] = [];
    const pets = fakeClient().subscribe("/pets")
      .on("new-pet", (pet, { lastEventId }) => heard.push([pet, lastEventId]))
      .on("new-pet", (pet) => heard.push(pet))
      .onText("note", (text) => heard.push(text));
    opened().open();
    opened().dispatch("new-pet", '{"name":"Rex"}', "e-1");
    opened().dispatch("note", "42", "e-2");
    assertEquals(heard, [[{ name: "Rex" }, "e-1"], { name: "Rex" }, "42"]);
    assertEquals((heard[0] as unknown[])[0] === heard[1], true);
    assertEquals(pets.lastEventId, "e-2");
    pets.close();
  });

  it("keeps handlers apart, and reports what goes wrong in them", async () => {
    const errors: unknown[] = [];
    const heard: unknown[] = [];
    fakeClient({ onError: (error) => errors.push(error) }).subscribe("/pets")
      .on("new-pet", () => {
        throw new Error("thrown");
      })
      .on("new-pet", () => Promise.reject(new Error("rejected")))
      .on("new-pet", ({ name }) => heard.push(name));
    opened().dispatch("new-pet", '{"name":"Rex"}');
    await until(() => errors.length === 2, "both errors");
    assertEquals(errors.map((error) => (error as Error).message), [
      "thrown",
      "rejected",
    ]);
    assertEquals(heard, ["Rex"]);
    opened().dispatch("new-pet", "no JSON");
    await until(() => errors.length === 5, "an error of each");
    assertEquals(
      String(errors[2]),
      "SyntaxError: Cannot parse the data of event 'new-pet' as JSON, for texts there is onText(): current value is \"no JSON\"",
    );
  });

  it("takes a handler away when its signal aborts", () => {
    const gone = new AbortController();
    const heard: unknown[] = [];
    const pets = fakeClient().subscribe("/pets");
    pets.on("new-pet", ({ name }) => heard.push(name), gone);
    pets.on("new-pet", () => heard.push("never"), {
      signal: AbortSignal.abort(),
    });
    opened().dispatch("new-pet", '{"name":"Rex"}');
    gone.abort();
    opened().dispatch("new-pet", '{"name":"Tom"}');
    assertEquals(heard, ["Rex"]);
  });

  it("calls a handler that another one adds from the next event on", () => {
    const heard: string[] = [];
    const pets = fakeClient().subscribe("/pets");
    const gone = new AbortController();
    const add = () => {
      if (heard.push("first") < 9) pets.on("new-pet", add);
      gone.abort();
    };
    pets.on("new-pet", add);
    pets.on("new-pet", () => heard.push("taken away"), gone);
    opened().dispatch("new-pet", '{"name":"Rex"}');
    assertEquals(heard, ["first"]);
    opened().dispatch("new-pet", '{"name":"Tom"}');
    assertEquals(heard, ["first", "first", "first"]);
  });

  it("lets go of the signals of handlers when it closes", () => {
    const gone = new AbortController();
    const { signal } = gone;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ) => {
      listeners++;
      const { signal: closed } = options as AddEventListenerOptions;
      closed?.addEventListener("abort", () => listeners--);
      add(type, listener, options);
    };
    const pets = fakeClient().subscribe("/pets")
      .on("new-pet", () => {}, { signal }).onText("note", () => {}, { signal });
    assertEquals(listeners, 2);
    pets.close();
    pets.on("new-pet", () => {}, { signal });
    assertEquals(listeners, 0);
  });

  it("goes on where onError fails", async () => {
    const heard: unknown[] = [];
    const told: unknown[] = [];
    const log = console.error;
    console.error = (...values) => told.push(values[1]);
    try {
      let asked = 0;
      const jobs = fakeClient({
        ticket: () => {
          if (asked++ === 0) throw new Error("offline");
          return "t";
        },
        onError: () => {
          throw new Error("failed");
        },
      }).subscribe("/jobs/7")
        .on("progress", () => {
          throw new Error("thrown");
        })
        .on("progress", (percent) => heard.push(percent));
      await until(() => FakeEventSource.opened.length === 1, "a stream");
      opened().dispatch("progress", "50");
      await until(() => told.length === 2, "both failures");
      jobs.close();
    } finally {
      console.error = log;
    }
    assertEquals(heard, [50]);
    assertEquals(told.map(String), ["Error: failed", "Error: failed"]);
  });

  it("tells an event named error from the errors of EventSource", () => {
    const heard: unknown[] = [];
    fakeClient().subscribe("/jobs/7")
      .on("error", ({ why }) => heard.push(why))
      .on("sse-status", (status) => heard.push(status));
    opened().open();
    opened().dispatch("error", '{"why":"no paper"}');
    assertEquals(heard, ["open", "no paper"]);
    opened().readyState = 0;
    opened().dispatch("error");
    opened().open();
    assertEquals(heard, ["open", "no paper", "connecting", "open"]);
  });

  it("opens another where EventSource gave up, after what it has heard", async () => {
    const statuses: string[] = [];
    const jobs = fakeClient().subscribe("/jobs/7", { lastEventId: "e-1" })
      .on("sse-status", (status) => statuses.push(status));
    let progress = 0;
    opened().open();
    opened().dispatch("sse-open", '{"resumed":true}', "e-4");
    opened().refuse();
    jobs.on("progress", (percent) => progress = percent);
    await until(() => FakeEventSource.opened.length === 2, "another stream");
    assertEquals(opened().url, "/live/subscribe/jobs/7?lastEventId=e-4");
    opened().open();
    opened().dispatch("progress", "50", "e-5");
    assertEquals([progress, jobs.lastEventId], [50, "e-5"]);
    assertEquals(statuses, ["open", "connecting", "open"]);
    opened().refuse();
    jobs.close();
    assertEquals(statuses.at(-1), "closed");
  });

  it("gets a ticket for each stream, and tries again without one", async () => {
    const errors: unknown[] = [];
    const tickets = [() => "a&b", () => Promise.reject("offline"), () => "c"];
    const jobs = fakeClient({
      ticket: () => tickets.shift()!(),
      onError: (error) => errors.push(error),
    }).subscribe("/jobs/7");
    assertEquals(jobs.status, "connecting");
    await until(() => FakeEventSource.opened.length === 1, "a stream");
    assertEquals(opened().url, "/live/subscribe/jobs/7?ticket=a%26b");
    opened().refuse();
    await until(() => FakeEventSource.opened.length === 2, "another stream");
    assertEquals(opened().url, "/live/subscribe/jobs/7?ticket=c");
    assertEquals(errors, ["offline"]);
    jobs.close();
  });

  it("reports a ticket that is none, and opens nothing by it", async () => {
    const errors: unknown[] = [];
    const jobs = fakeClient({
      ticket: () => undefined as never,
      onError: (error) => errors.push(error),
    }).subscribe("/jobs/7");
    await until(() => errors.length === 1, "the error");
    assertEquals(
      String(errors[0]),
      "TypeError: Cannot subscribe as 'ticket' must return a string: current value is undefined",
    );
    assertEquals(FakeEventSource.opened.length, 0);
    jobs.close();
  });

  it("closes by a signal, at the end of a block, and opens nothing then", () => {
    const gone = new AbortController();
    const client = fakeClient();
    const pets = client.subscribe("/pets", { signal: gone.signal });
    gone.abort();
    assertEquals([pets.status, opened().readyState], ["closed", 2]);
    {
      using jobs = client.subscribe("/jobs");
      assertEquals(jobs.status, "connecting");
    }
    assertEquals(opened().readyState, 2);
    const none = client.subscribe("/pets", { signal: AbortSignal.abort() });
    assertEquals([none.status, FakeEventSource.opened.length], ["closed", 2]);
  });

  it("closes once all that it hears has ended", () => {
    const client = fakeClient();
    const one = client.subscribe("/jobs/7");
    opened().open();
    opened().dispatch("sse-end", '{"namespace":"/jobs/8"}');
    assertEquals(one.status, "open");
    opened().dispatch("sse-end", '{"namespace":"/jobs"}');
    assertEquals(one.status, "closed");

    const two = client.subscribe(["/jobs/7", "/jobs/8"]);
    opened().open();
    opened().dispatch("sse-end", '{"namespace":"/jobs/7"}');
    opened().dispatch("sse-end", '{"namespace":"/jobs/8"}');
    assertEquals(two.status, "open", "the first may have begun anew");
    two.close();
  });

  it("asks by the last event that it has heard whether all has ended", async () => {
    const asked: unknown[] = [];
    let signal: AbortSignal | null | undefined;
    const own = globalThis.fetch;
    globalThis.fetch = (url, init) => {
      asked.push([init?.method, url]);
      signal = init?.signal;
      return Promise.resolve(new Response(null, { status: 204 }));
    };
    try {
      const jobs = fakeClient().subscribe(["/jobs/7", "/jobs/8"]);
      opened().open();
      opened().dispatch("sse-end", '{"namespace":"/jobs/7"}', "e-4");
      opened().refuse();
      await until(() => jobs.status === "closed", "the end");
      assertEquals(asked, [[
        "HEAD",
        "/live/subscribe/jobs/7?ns=%2Fjobs%2F8&lastEventId=e-4",
      ]]);

      const left = fakeClient().subscribe("/jobs/7", { lastEventId: "e-1" });
      opened().open();
      left.on("sse-status", () => left.close());
      opened().refuse();
      assertEquals([left.status, asked.length], ["closed", 1]);

      const hasty = fakeClient().subscribe("/jobs/7", { lastEventId: "e-1" });
      opened().refuse();
      assertEquals([asked.length, signal?.aborted], [2, false]);
      hasty.close();
      assertEquals(signal?.aborted, true);
    } finally {
      globalThis.fetch = own;
    }
  });

  it("asks nothing by a ticket that came after it was closed", async () => {
    let asked = 0;
    let give: ((ticket: string) => void) | undefined;
    const own = globalThis.fetch;
    globalThis.fetch = () => {
      asked++;
      return Promise.resolve(new Response(null, { status: 503 }));
    };
    try {
      let tickets = 0;
      const second = new Promise<string>((resolve) => give = resolve);
      const jobs = fakeClient({
        ticket: () => ++tickets === 1 ? "a" : second,
      }).subscribe("/jobs/7", { lastEventId: "e-1" });
      await until(() => FakeEventSource.opened.length === 1, "a stream");
      opened().refuse();
      await until(() => tickets === 2, "the second ticket");
      jobs.close();
      give!("b");
      await sleep(0);
      assertEquals([asked, FakeEventSource.opened.length], [1, 1]);
    } finally {
      globalThis.fetch = own;
    }
  });

  it("refuses what it cannot use, by name", () => {
    assertEquals(
      assertThrows(() => new SSEClient("", { ticket: "t" as never }), TypeError)
        .message,
      `Cannot create an SSEClient as 'ticket' must be a function: current value is "t"`,
    );
    assertEquals(
      assertThrows(() => fakeClient().subscribe([]), TypeError).message,
      "Cannot subscribe as 'namespaces' must name at least one",
    );
    assertEquals(
      assertThrows(() => fakeClient().subscribe([7 as never]), TypeError)
        .message,
      "Cannot use 'namespace' as it must be a string: current value is 7",
    );
    assertEquals(
      assertThrows(() => fakeClient().subscribe("/users/../admin"), TypeError)
        .message,
      `Cannot use 'namespace' as a segment must not be "..": current value is "/users/../admin"`,
    );
    assertEquals(
      assertThrows(
        () => new SSEClient("", { tiket: () => "t" } as never),
        TypeError,
      ).message,
      "Cannot create an SSEClient as there is no option 'tiket'",
    );
    assertEquals(
      assertThrows(
        () => fakeClient().subscribe("/pets", { lastest: true } as never),
        TypeError,
      ).message,
      "Cannot subscribe as there is no option 'lastest'",
    );
    for (const none of [null, { EventSource: FakeEventSource }, 7]) {
      const shown = typeof none === "object" && none ? "an object" : `${none}`;
      assertEquals(
        assertThrows(() => new SSEClient(none as never), TypeError).message,
        `Cannot create an SSEClient as 'base' must be a string or a URL: current value is ${shown}`,
      );
      assertEquals(
        assertThrows(() => fakeClient().subscribe(none as never), TypeError)
          .message,
        `Cannot subscribe as 'namespaces' must be a string or an array: current value is ${shown}`,
      );
    }
    assertThrows(
      () => fakeClient().subscribe(new Array(1)),
      TypeError,
      "it must be a string: current value is undefined",
    );
    for (
      const [options, must] of [
        [{ signal: {} }, "'signal' must be an AbortSignal"],
        [{ url: 7 }, "'url' must be a string or a URL"],
        [{ latest: "false" }, "'latest' must be a boolean"],
      ] as const
    ) {
      assertThrows(
        () => fakeClient().subscribe("/pets", options as never),
        TypeError,
        `Cannot subscribe as ${must}: current value is `,
      );
      // Nothing is left that would keep the program alive.
      assertEquals(FakeEventSource.opened, []);
    }
    using pets = fakeClient().subscribe("/pets");
    assertEquals(
      assertThrows(() => pets.on("new-pet", undefined as never), TypeError)
        .message,
      "Cannot listen to 'new-pet' as 'handler' must be a function: current value is undefined",
    );
    const heard: unknown[] = [];
    for (
      const [options, why] of [
        [{ signal: {} }, "'signal' must be an AbortSignal"],
        [{ once: true }, "there is no option 'once'"],
        [null, "the options must be an object"],
      ] as const
    ) {
      assertThrows(
        () => pets.on("new-pet", (pet) => heard.push(pet), options as never),
        TypeError,
        `Cannot listen to 'new-pet' as ${why}`,
      );
    }
    opened().dispatch("new-pet", "{}");
    assertEquals(heard, []);
    const global = globalThis as { EventSource?: unknown };
    const own = global.EventSource;
    delete global.EventSource;
    try {
      assertMatch(
        assertThrows(() => new SSEClient().subscribe("/a"), TypeError).message,
        /^Cannot subscribe as there is no EventSource here/,
      );
    } finally {
      if (own !== undefined) global.EventSource = own;
    }
  });
});

describe("a client of a server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ history: true, retry: 10 });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function subscribing(): SSEClient<Events> {
    return new SSEClient<Events>(`http://127.0.0.1:${server.port}`, {
      EventSource,
    });
  }

  it("hears what is broadcast, comes back, and stops at the end", async () => {
    const sse = server.sse as SSEServer<Events>;
    const heard: unknown[] = [];
    const job = subscribing().subscribe("/jobs/7")
      .on("progress", (percent) => heard.push(percent))
      .on("sse-status", (status) => heard.push(status))
      .on("sse-open", ({ resumed }) => heard.push({ resumed }));
    await until(() => heard.length === 2, "the stream");
    sse.broadcast({ namespace: "/jobs/7", event: "progress", data: 50 });
    await until(() => heard.includes(50), "progress");
    sse.disconnect({ namespace: "/jobs/7" });
    sse.broadcast({ namespace: "/jobs/7", event: "progress", data: 75 });
    await until(() => heard.includes(75), "progress");
    sse.end("/jobs/7");
    await until(() => job.status === "closed", "the end");
    assertEquals(heard, [
      "open",
      { resumed: false },
      50,
      "connecting",
      "open",
      { resumed: true },
      75,
      "closed",
    ]);
    await server.settles(0);
  });

  it("stops once several have ended, one after the other", async () => {
    const ids: string[] = [];
    const jobs = subscribing().subscribe(["/jobs/1", "/jobs/2"])
      .on("sse-end", (_, { lastEventId }) => ids.push(lastEventId!));
    await until(() => jobs.status === "open", "the stream");
    server.sse.end("/jobs/1");
    server.sse.end("/jobs/2");
    await until(() => jobs.status === "closed", "the end");

    // As a page that was reloaded, and kept the id.
    const again = subscribing().subscribe(["/jobs/1", "/jobs/2"], {
      lastEventId: ids[1]!,
    });
    await until(() => again.status === "closed", "the end");
    const missed = subscribing().subscribe(["/jobs/1", "/jobs/2"], {
      lastEventId: ids[0]!,
    }).on("sse-end", ({ namespace }) => ids.push(namespace));
    await until(() => missed.status === "closed", "the end");
    assertEquals(ids[2], "/jobs/2");
    await server.settles(0);
  });

  it("stops at the end with tickets too, each of which is good once", async () => {
    await using own = await start({
      history: true,
      retry: 10,
      authorize: () => false,
    });
    const tickets: string[] = [];
    const jobs = new SSEClient<Events>(`http://127.0.0.1:${own.port}`, {
      EventSource,
      ticket: () => {
        const ticket = own.sse.ticket({ namespaces: ["/jobs"] });
        tickets.push(ticket);
        return ticket;
      },
    }).subscribe(["/jobs/1", "/jobs/2"]);
    await until(() => jobs.status === "open", "the stream");
    own.sse.end("/jobs/1");
    own.sse.end("/jobs/2");
    await until(() => jobs.status === "closed", "the end");
    assertEquals(tickets.length, 2);
    await own.settles(0);
  });

  it("stops at the end where its EventSource alone sends a header", async () => {
    const headers = { Authorization: "Bearer secret" };
    await using own = await start({
      history: true,
      retry: 10,
      authorize: (request) =>
        request.headers.get("authorization") === headers.Authorization,
    });
    class SignedIn extends EventSource {
      constructor(url: string, init?: { withCredentials?: boolean }) {
        super(url, {
          ...init,
          fetch: (url, init) =>
            fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
        });
      }
    }
    const jobs = new SSEClient<Events>(`http://127.0.0.1:${own.port}`, {
      EventSource: SignedIn,
    }).subscribe(["/jobs/1", "/jobs/2"]);
    await until(() => jobs.status === "open", "the stream");
    own.sse.end("/jobs/1");
    own.sse.end("/jobs/2");
    await until(() => jobs.status === "closed", "the end");
    await own.settles(0);
  });

  it("keeps a program alive until the server is back", async () => {
    let connections = 0;
    // Goes away at once the first time.
    await using lame = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(++connections === 1 ? "retry:10\n\n" : "data:7\n\n");
    }).listen(0, "127.0.0.1");
    await once(lame, "listening");
    const { port } = lame.address() as AddressInfo;
    await using program = new Program(`
      import { SSEClient } from "@sseserver/sseserver/client";
      import { EventSource } from "eventsource";
      const client = new SSEClient("http://127.0.0.1:${port}", { EventSource });
      const seven = client.subscribe("/a");
      seven.on("message", (data) => {
        console.log("It has come: " + data);
        seven.close();
      });
    `);
    assertEquals([await program.end(), program.output], [
      0,
      "It has come: 7\n",
    ]);
  });

  it("leaves nothing behind when it closes", async () => {
    const client = subscribing();
    const all = [1, 2, 3].map(() => client.subscribe("/pets"));
    await until(() => all.every(({ status }) => status === "open"), "all open");
    assertEquals(server.streams, 3);
    for (const subscription of all) subscription.close();
    await server.settles(0);
  });
});
