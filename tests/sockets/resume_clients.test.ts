import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import type { Browser } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { Program } from "../tools/program.ts";
import { headerIn, Proxy } from "../tools/proxy.ts";
import {
  ChromiumClient,
  HandMadeClient,
  heardAtLeast,
  PackageClient,
  type ResumingClient,
} from "../tools/resuming_clients.ts";
import { start } from "../tools/sockets.ts";
import { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";
import { counted, say, wireOf } from "../tools/wire.ts";

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchChromium();
});
afterAll(async () => await browser?.close());

interface Make {
  readonly name: string;
  readonly isMissing: boolean;
  open(url: string): ResumingClient | Promise<ResumingClient>;
}

const MAKES: readonly Make[] = [
  {
    name: `Chromium's EventSource${CHROMIUM_HINT}`,
    isMissing: CHROMIUM === undefined,
    open: (url) => ChromiumClient.open(browser!, url),
  },
  {
    name: "the EventSource of npm",
    isMissing: false,
    open: (url) => new PackageClient(url),
  },
  {
    name: "a client made by hand",
    isMissing: false,
    open: (url) => new HandMadeClient(url),
  },
];

/** A program that has broadcast before anyone can connect, and does when asked to. */
function program(name: string, port: number): string {
  return `
    import { SSEServer } from "@sseserver/sseserver";
    const sse = new SSEServer({ history: true, retry: 100 });
    let said = 0;
    function say() {
      said++;
      sse.broadcast({ namespace: "/b", data: "not for it" });
      sse.broadcast({ namespace: "/a", data: "${name} " + said });
    }
    for (let i = 0; i < 3; i++) say();
    sse.app.post("/say", (context) => {
      say();
      return context.text("said");
    });
    await sse.serve({ port: ${port}, hostname: "127.0.0.1" });
  `;
}

async function askToSay(port: number): Promise<void> {
  const client = await new RawClient(port, "/say", {
    method: "POST",
    headers: { "Content-Length": "0" },
  }).done();
  client.leave();
  assertEquals(client.body, "said");
}

/** Writes the epochs as the letters A, B and so on, as they come. */
function lettered(heard: readonly string[]): string[] {
  const epochs: string[] = [];
  return heard.map((line) =>
    line.replace(/\b[0-9a-z]{10}(?=-\d)/g, (epoch) => {
      if (!epochs.includes(epoch)) epochs.push(epoch);
      return String.fromCharCode(65 + epochs.indexOf(epoch));
    })
  );
}

for (const { name, isMissing, open } of MAKES) {
  const test = (what: string, fn: () => Promise<void>) =>
    it({ name: what, ignore: isMissing, fn });

  describe(name, () => {
    test("is told when the process was killed, and goes on with the next one", async () => {
      const port = await freePort();
      await using first = new Program(program("first", port));
      assertEquals(await first.port(), port);
      await using client = await open(`http://127.0.0.1:${port}/subscribe/a`);
      await heardAtLeast(client, 1);
      await askToSay(port);
      await askToSay(port);
      await heardAtLeast(client, 3);
      first.signal("SIGKILL");
      assertEquals(await first.end(), "SIGKILL");

      await using second = new Program(program("second", port));
      assertEquals(await second.port(), port);
      await heardAtLeast(client, 8);
      await askToSay(port);
      assertEquals(lettered(await heardAtLeast(client, 9)), [
        'sse-open A-6 {"resumed":false}',
        "message A-8 first 4",
        "message A-10 first 5",
        'sse-gap B-1 {"from":"A-10","to":"B-1","reason":"epoch"}',
        'sse-open B-1 {"resumed":false}',
        "message B-2 second 1",
        "message B-4 second 2",
        "message B-6 second 3",
        "message B-8 second 4",
      ]);
    });

    test("loses and repeats nothing when its connection is cut, however that happens", async () => {
      await using server = await start({
        // However long a client takes to come back.
        history: { messages: 1_000_000, bytes: 256 * 1024 * 1024 },
        retry: 100,
      });
      await using proxy = await Proxy.start(server.port);
      await using client = await open(
        `http://127.0.0.1:${proxy.port}/subscribe/a`,
      );
      await heardAtLeast(client, 1);
      const expected: string[] = [];
      let seq = 0;
      const broadcast = (size: number) => {
        const data = `${seq} ${"x".repeat(size)}`;
        say(server, "/b:not for it", `/a/${seq % 3}:${data}`);
        seq += 2;
        expected.push(`message A-${seq} ${data}`);
      };
      const cuts = [
        () => proxy.goDown("finish"),
        () => proxy.goDown("reset"),
        () => {
          // In the middle of an event, whatever is on its way.
          proxy.failAfter(300_000);
          broadcast(1_000_000);
        },
      ];
      const timer = setInterval(() => broadcast(seq % 1_000), 2);
      try {
        for (const [i, cut] of cuts.entries()) {
          const live = seq + 40;
          await until(() => seq > live);
          cut();
          await until(() => proxy.isDown, "the cut");
          const attempts = proxy.refused + 1;
          const missed = seq + 40;
          await until(() => seq > missed && proxy.refused > attempts);
          proxy.recover();
          await heardAtLeast(client, expected.length + i + 2);
        }
      } finally {
        clearInterval(timer);
      }
      const heard = lettered(
        await heardAtLeast(client, expected.length + cuts.length + 1),
      );
      assertEquals(heard.filter((line) => line.startsWith("m")), expected);
      const others = heard.flatMap((line, i) => {
        const [, id] = heard[i - 1]?.split(" ") ?? [];
        return line.startsWith("m") ? [] : { line, id };
      });
      assertEquals(
        others.map(({ line }) => line),
        others.map(({ id }, i) =>
          i === 0
            ? 'sse-open A-0 {"resumed":false}'
            : `sse-open ${id} {"resumed":true}`
        ),
      );
      assertEquals(others.length, cuts.length + 1);
    });

    test("comes back with the id that a keepalive has moved on, without an event", async () => {
      await using server = await start({
        history: { messages: 5 },
        keepAlive: 20,
        retry: 100,
      });
      const wire = await wireOf(server);
      await using proxy = await Proxy.start(server.port);
      await using client = await open(
        `http://127.0.0.1:${proxy.port}/subscribe/quiet`,
      );
      await heardAtLeast(client, 1);
      for (let i = 1; i <= 50; i++) say(server, `/busy:${i}`);
      // A client may drop what it has got at the very moment of a cut, so it is
      // given time to read the first of several, and on a busy machine more than once.
      const moved = wire("id:E-50\n\n");
      let early = -1;
      do {
        early++;
        const { length } = proxy.sent;
        await until(() => proxy.sent.slice(length).split(moved).length > 5);
        proxy.cut("finish");
        await heardAtLeast(client, early + 2);
      } while (early < 20 && idIn(proxy.requests.at(-1)!) === wire("E-0"));
      say(server, "/quiet:word");
      assertEquals(await heardAtLeast(client, early + 3), [
        wire('sse-open E-0 {"resumed":false}'),
        ...Array<string>(early).fill(wire('sse-open E-0 {"resumed":true}')),
        wire('sse-open E-50 {"resumed":true}'),
        wire("message E-51 word"),
      ]);
      assertEquals(proxy.requests.map(idIn), [
        undefined,
        ...Array<string>(early).fill(wire("E-0")),
        wire("E-50"),
      ]);
    });

    test("stops when all that it hears has ended", async () => {
      await using server = await start({ history: true, retry: 100 });
      const wire = await wireOf(server);
      await using proxy = await Proxy.start(server.port);
      await using client = await open(
        `http://127.0.0.1:${proxy.port}/subscribe/a`,
      );
      await heardAtLeast(client, 1);
      say(server, "last words");
      server.sse.end("/a");
      const heard = await heardAtLeast(client, 3);
      for (let i = 0; i < 1_000 && !await client.isClosed(); i++) {
        await sleep(20);
      }
      assertEquals(await client.isClosed(), true);
      // Time for several more attempts, if it made any.
      await sleep(500);
      assertEquals(proxy.requests.map(idIn), [undefined, wire("E-2")]);
      const ended = 'refusals_total{reason="ended"}';
      assertEquals(await counted(server, ended), { [ended]: 1 });
      assertEquals(heard, [
        wire('sse-open E-0 {"resumed":false}'),
        wire("message E-1 last words"),
        wire('sse-end E-2 {"namespace":"/a"}'),
      ]);
      assertEquals(await client.heard(), heard);
    });
  });
}

/** The id that a client comes back with. */
function idIn(head: string): string | undefined {
  const [, query] = /[?&]lastEventId=(\S+)/.exec(head) ?? [];
  return headerIn(head, "last-event-id") ?? query;
}
