import { assert, assertEquals } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { type ServeHandle, SSEServer } from "@sseserver/sseserver";
import { EventSource } from "eventsource";
import { spawn, spawnSync } from "node:child_process";
import { freePort } from "./tools/free_port.ts";
import { ParsedStream } from "./tools/parsed.ts";
import { PLAIN } from "./tools/sockets.ts";
import { until } from "./tools/waiting.ts";

/** Undone after each test, last first. */
const cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

async function serve(
  retry: number | false,
  port = 0,
): Promise<{ sse: SSEServer; handle: ServeHandle; url: string }> {
  const sse = new SSEServer({ ...PLAIN, retry });
  cleanup.push(() => sse.close());
  const handle = await listen(sse, port);
  return { sse, handle, url: `http://127.0.0.1:${handle.port}/subscribe` };
}

function listen(sse: SSEServer, port: number): Promise<ServeHandle> {
  return sse.serve({ port, hostname: "127.0.0.1", log: false, signals: false });
}

/** Waits until so many streams are open. */
function connected(sse: SSEServer, count: number): Promise<void> {
  return until(
    () => sse.status().connections.length === count,
    `${count} connections`,
  );
}

function broadcastPets(sse: SSEServer): void {
  sse.broadcast({ namespace: "/pets/dogs", event: "new-dog", data: "Corgi" });
  sse.broadcast({ namespace: "/time", data: "not for them" });
  sse.broadcast({ namespace: "/pets", data: " two\nlines, é 🐕" });
  sse.broadcast({
    namespace: "/pets/cats",
    event: "new-cat",
    data: { age: 1 },
  });
}

const PETS = [
  { event: "new-dog", data: "Corgi" },
  { event: undefined, data: " two\nlines, é 🐕" },
  { event: "new-cat", data: '{"age":1}' },
];

describe("curl", () => {
  const missing = spawnSync("curl", ["--version"]).status !== 0;
  it({
    name: missing
      ? "prints every byte as it comes: SKIPPED, install it with apt-get install curl"
      : "prints every byte as it comes",
    ignore: missing,
    async fn() {
      const { sse, url } = await serve(false);
      const curl = spawn("curl", ["--silent", "--no-buffer", `${url}/pets`]);
      cleanup.push(() => curl.kill());
      let printed = "";
      curl.stdout.setEncoding("utf8").on("data", (text) => printed += text);
      const ended = new Promise((resolve) => curl.on("close", resolve));
      await until(() => printed !== "", "the opening");
      assertEquals(printed, ":ok\n\n");
      broadcastPets(sse);
      await until(() => printed.includes("age"), "the last event");
      await sse.close();
      assertEquals(await ended, 0);
      assertEquals(
        printed,
        ":ok\n\n" +
          "event:new-dog\ndata:Corgi\n\n" +
          "data:  two\ndata:lines, é 🐕\n\n" +
          'event:new-cat\ndata:{"age":1}\n\n',
      );
    },
  });
});

describe("eventsource-parser over fetch", () => {
  it("reads named events, data of several lines and the time to come back", async () => {
    const { sse, url } = await serve(1_000);
    const response = await fetch(`${url}/pets`);
    const stream = new ParsedStream();
    const reading = (async () => {
      for await (const chunk of response.body!) stream.feed(chunk);
    })();
    await connected(sse, 1);
    broadcastPets(sse);
    await until(() => stream.events.length === PETS.length, "the last event");
    await sse.close();
    await reading;
    assertEquals(stream.events, PETS);
    assertEquals([stream.comments, stream.ids, stream.errors], [
      ["ok"],
      [],
      [],
    ]);
    assertEquals(stream.retries.length, 1);
    assert(stream.retries[0]! >= 500 && stream.retries[0]! <= 1_500);
  });
});

/** An EventSource that counts what it does. */
class Client {
  readonly source: EventSource;
  readonly heard: string[] = [];
  opened = 0;
  attempts = 0;

  constructor(url: string) {
    this.source = new EventSource(url, {
      fetch: (url, init) => {
        this.attempts++;
        return fetch(url, init);
      },
    });
    cleanup.push(() => this.source.close());
    this.source.onopen = () => this.opened++;
    for (const name of ["message", "new-dog", "new-cat"]) {
      this.source.addEventListener(name, ({ type, data }) => {
        this.heard.push(`${type}: ${data}`);
      });
    }
  }
}

describe("EventSource", () => {
  it("is open before there is any event", async () => {
    const { sse, url } = await serve(2_000);
    const client = new Client(`${url}/pets`);
    await until(() => client.opened === 1, "open");
    await connected(sse, 1);
    assertEquals(client.heard, []);
    assertEquals(sse.status().msgs_broadcast, 0);
  });

  it("hears events by their names", async () => {
    const { sse, url } = await serve(2_000);
    const client = new Client(`${url}/pets`);
    await connected(sse, 1);
    broadcastPets(sse);
    await until(() => client.heard.length === PETS.length, "the last event");
    assertEquals(
      client.heard,
      PETS.map(({ event = "message", data }) => `${event}: ${data}`),
    );
  });

  it("comes back to a server that was away, as soon as it was told to", async () => {
    const { sse, url, handle } = await serve(100, await freePort());
    const client = new Client(`${url}/pets`);
    await connected(sse, 1);
    sse.broadcast({ namespace: "/pets", data: "1" });
    await until(() => client.heard.length === 1, "the first event");
    await handle.close();
    assertEquals(sse.status().connections, []);
    // With EventSource's own 3 s there would not be so many in time.
    await until(() => client.attempts >= 4, "three more attempts");
    sse.broadcast({ namespace: "/pets", data: "for nobody" });
    await listen(sse, handle.port);
    await until(() => client.opened === 2, "open again");
    await connected(sse, 1);
    sse.broadcast({ namespace: "/pets", data: "2" });
    await until(() => client.heard.length > 1, "the next event");
    assertEquals(client.heard, ["message: 1", "message: 2"]);
  });

  it("leaves nothing behind when it is closed", async () => {
    const { sse, url } = await serve(2_000);
    const client = new Client(`${url}/pets`);
    await connected(sse, 1);
    client.source.close();
    await connected(sse, 0);
    assertEquals(client.source.readyState, client.source.CLOSED);
  });
});
