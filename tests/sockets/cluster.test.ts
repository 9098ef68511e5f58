import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../tools/command.ts";
import { freePort } from "../tools/free_port.ts";
import { blocksOf } from "../tools/markdown.ts";
import { Program } from "../tools/program.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { start } from "../tools/sockets.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

/** Connections among which both of two processes have some, all but certainly. */
const MANY = 200;

const IS_LINUX = process.platform === "linux";
const LINUX_HINT = IS_LINUX ? "" : " (needs: Linux)";

/** The programs of docs/cluster.md that tell which process they are. */
const [REUSING, CLUSTER] = blocksOf(
  readFileSync(path.join(ROOT, "docs/cluster.md"), "utf8"),
  "docs/cluster.md",
).map(({ code }) => code).filter((code) => code.includes("process.pid"));

/** A program as it stands there but for where it listens and where Redis is. */
function adapted(code: string, port: number, { url }: RedisServer): string {
  const changes: [string, string][] = [
    ["redis://localhost:6379", url],
    ["port: 8001", `hostname: "127.0.0.1", port: ${port}`],
    ["}),\n  1000", "}),\n  100"],
  ];
  if (code.includes("cluster")) {
    changes.push(["i < availableParallelism()", "i < 2"]);
    changes[2] = ["}),\n    1000", "}),\n    100"];
  }
  return changes.reduce((text, [from, to]) => {
    assert(text.includes(from), from);
    return text.replace(from, to);
  }, code);
}

/** Which processes have taken a stream, by what they print. */
function taken(output: string): Set<string> {
  return new Set(
    [...output.matchAll(/^(\d+) CONNECT /gm)].map(([, pid]) => pid!),
  );
}

/** The events of a stream, by their ids. */
function eventsOf({ body }: RawClient): [id: string, data: string][] {
  return [...body.matchAll(/^id:(.*)\ndata:(.*)\n\n/gm)]
    .map(([, id, data]) => [id!, data!]);
}

/**
 * Opens streams until two processes have some, and waits until each stream has heard
 * both processes. All of them have to hear the same.
 */
async function checkBoth(
  port: number,
  output: () => string,
): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < MANY && taken(output()).size < 2) {
    const client = new RawClient(port, "/subscribe/pids");
    clients.push(client);
    await client.hearsSomewhere("\n\n");
  }
  const pids = taken(output());
  assertEquals(pids.size, 2, output());
  const sharedWithFirst = (client: RawClient) => {
    const ids = new Set(eventsOf(clients[0]!).map(([id]) => id));
    return eventsOf(client).filter(([id]) => ids.has(id));
  };
  await until(
    () =>
      clients.every((client) =>
        new Set(sharedWithFirst(client).map(([, data]) => data)).size === 2
      ),
    () => `both of ${[...pids]} in ${clients.at(-1)!.body}`,
  );
  const dataOf = new Map(eventsOf(clients[0]!));
  assertEquals(new Set(dataOf.values()), pids);
  for (const client of clients) {
    for (const [id, data] of sharedWithFirst(client)) {
      assertEquals(data, dataOf.get(id), id);
    }
    const places = eventsOf(client).map(([id]) => Number(id.split("-")[1]));
    assertEquals(places, places.map((_, i) => places[0]! + i));
  }
  return clients;
}

describe("serve({ reusePort })", () => {
  it("takes true or false only", async () => {
    await using sse = new SSEServer();
    await assertRejects(
      () => sse.serve({ port: 0, reusePort: 1 as unknown as boolean }),
      TypeError,
      "Cannot serve as 'reusePort' must be a boolean: current value is 1",
    );
  });

  it({
    name: `lets in only who says so too${LINUX_HINT}`,
    ignore: !IS_LINUX,
    fn: async () => {
      await using one = await start({}, { reusePort: true });
      const { port } = one;
      await using _two = await start({}, { port, reusePort: true });
      await using three = new SSEServer();
      await assertRejects(
        () => three.serve({ port, hostname: "127.0.0.1", log: false }),
        Error,
        `Cannot serve on 127.0.0.1:${port}: `,
      );
      await using alone = await start();
      await assertRejects(
        () =>
          three.serve({
            port: alone.port,
            hostname: "127.0.0.1",
            reusePort: true,
            log: false,
          }),
        Error,
        `Cannot serve on 127.0.0.1:${alone.port}: `,
      );
    },
  });

  it({
    name:
      `makes two processes one server, as docs/cluster.md has it${LINUX_HINT}${REDIS_HINT}`,
    ignore: !IS_LINUX || REDIS === undefined,
    fn: async () => {
      await using shared = await RedisServer.start();
      const code = adapted(REUSING!, await freePort(), shared);
      await using one = new Program(code);
      await using two = new Program(code);
      const port = await one.port();
      assertEquals(await two.port(), port);
      const clients = await checkBoth(port, () => one.output + two.output);
      one.signal("SIGTERM");
      assertEquals(await one.end(), 0);
      // Those of the other one stay, and new ones come to it.
      const next = new RawClient(port, "/subscribe/pids");
      await until(() => eventsOf(next).length > 1, "events of the one left");
      assert(clients.some(({ ending }) => ending === "complete"));
      assert(clients.some(({ ending }) => ending === "open"));
      for (const client of [...clients, next]) client.leave();
    },
  });
});

if (RUNTIME === "node") {
  describe("node:cluster", () => {
    it({
      name: `serves as docs/cluster.md has it${REDIS_HINT}`,
      ignore: REDIS === undefined,
      fn: async () => {
        await using shared = await RedisServer.start();
        await using program = new Program(
          adapted(CLUSTER!, await freePort(), shared),
        );
        await until(
          () => program.output.split("Listening on").length === 3,
          () => `both workers to listen: ${program.output}`,
        );
        const clients = await checkBoth(
          await program.port(),
          () => program.output,
        );
        program.signal("SIGTERM");
        assertEquals(await program.end(), 0, program.output);
        for (const client of clients) {
          assertEquals((await client.done()).ending, "complete");
        }
      },
    });
  });
}
