import { assertEquals } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { Program } from "../tools/program.ts";
import { start } from "../tools/sockets.ts";
import type { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";
import { countedBy } from "../tools/wire.ts";

const MIB = 1024 * 1024;

/** Subscribes to one namespace after the other, and leaves. */
const COME_AND_GO = `
import { SSEServer } from "@sseserver/sseserver";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

function collector() {
  if ("Bun" in globalThis) return () => globalThis.Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

const collect = collector();
const sse = new SSEServer();

async function comeAndGo(from, to) {
  for (let i = from; i < to; i++) {
    const request = new Request("http://localhost/subscribe/n/" + i);
    const { body } = await sse.fetch(request);
    await body.cancel();
    if (i % 1_000 === 0) await setTimeout(0);
  }
}

async function heap() {
  let least = Infinity;
  for (let i = 0; i < 4; i++) {
    collect();
    await setTimeout(50);
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

await comeAndGo(0, 50_000);
const before = await heap();
await comeAndGo(50_000, 1_000_000);
const streams = sse.status().connections.length;
console.log(JSON.stringify({ streams, grown: await heap() - before }));
await sse.close();
`;

describe("a server that strangers press", () => {
  let comingAndGoing: Program | undefined;

  // In a process of its own, as a test runner follows every promise, and beside the
  // other test, as it takes so long.
  beforeAll(() => {
    comingAndGoing = new Program(COME_AND_GO);
  });

  it("refuses 10,000 of 15,000 clients softly, and goes on", async () => {
    await using server = await start({ limits: { connections: 5_000 } });
    const open: RawClient[] = [];
    let refused = 0;
    const connect = async () => {
      const client = await server.open("/subscribe/a");
      assertEquals(client.status, 200);
      if (client.body === ":ok\n\n") open.push(client);
      else {
        assertEquals(/^retry:\d{5}\n\n$/.test(client.body), true, client.body);
        client.leave();
        refused++;
      }
    };
    for (let wave = 0; wave < 75; wave++) {
      await Promise.all(Array.from({ length: 200 }, connect));
      // Everyone else is served meanwhile.
      if (wave % 25 === 24) {
        assertEquals((await server.ask("/admin/metrics")).status, 200);
      }
    }
    assertEquals([open.length, refused], [5_000, 10_000]);
    assertEquals(await countedBy(server, "refusals_total"), {
      connections: 10_000,
    });
    server.sse.broadcast({ namespace: "/a", data: "1" });
    for (const client of open) await client.hearsLast("data:1\n\n");
    for (const client of open) client.leave();
    await server.settles(0);
    await until(
      () => server.sse.status().connections.length === 0,
      "no streams",
    );
    const late = await server.open("/subscribe/a");
    assertEquals(late.body, ":ok\n\n");
  });

  it("keeps nothing of a million namespaces that come and go", async () => {
    await using program = comingAndGoing!;
    assertEquals(await program.end(200_000), 0, program.output);
    const { streams, grown } = JSON.parse(program.output);
    assertEquals(streams, 0);
    // A topic or a channel of each would be some 500 MiB, a name of each 50.
    assertEquals(grown < 16 * MIB, true, `${grown / MIB} MiB more`);
  });
});
