import type { DisconnectReason } from "@sseserver/sseserver";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { heardAtLeast, PackageClient } from "../tools/resuming_clients.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { sleep, until } from "../tools/waiting.ts";
import { begun, counted, say, wireOf } from "../tools/wire.ts";

describe("maxAge", () => {
  it("ends streams with the reason expired, each after all that came", async () => {
    const reasons: DisconnectReason[] = [];
    await using server = await start({
      history: true,
      maxAge: 1_000,
      onDisconnect: (_, reason) => reasons.push(reason),
    });
    const wire = await wireOf(server);
    reasons.length = 0;
    const clients = await server.openMany(20, "/subscribe/a");
    say(server, "1");
    for (const client of clients) {
      await client.done();
      assertEquals([client.body, client.ending], [
        wire(begun("E-0") + "id:E-1\ndata:1\n\n"),
        "complete",
      ]);
    }
    await until(() => reasons.length === 20, "onDisconnect");
    assertEquals(reasons, clients.map(() => "expired"));
    const expired = 'disconnects_total{reason="expired"}';
    assertEquals(await counted(server, expired), { [expired]: 20 });
    await emptied(server);
  });

  it("makes EventSource come back by itself, and lose nothing", async () => {
    const reasons: DisconnectReason[] = [];
    await using server = await start({
      history: true,
      maxAge: 1_000,
      retry: 100,
      onDisconnect: (_, reason) => reasons.push(reason),
    });
    await using client = new PackageClient(
      `http://127.0.0.1:${server.port}/subscribe/a`,
    );
    await heardAtLeast(client, 1);
    let said = 0;
    const timer = setInterval(() => say(server, `${++said}`), 5);
    await until(() => reasons.length === 2, "two ends");
    clearInterval(timer);
    assertEquals(reasons, ["expired", "expired"]);
    const heard = await heardAtLeast(client, said + 3);
    assertEquals(
      heard.filter((line) => line.startsWith("message")).map((line) =>
        line.replace(/ .*-/, " ")
      ),
      Array.from({ length: said }, (_, i) => `message ${i + 1} ${i + 1}`),
    );
    assertEquals(
      heard.filter((line) => !line.startsWith("message")).map((line) =>
        line.replace(/ \S+ /, " ")
      ),
      [false, true, true].map((resumed) => `sse-open {"resumed":${resumed}}`),
    );
  });
});

/** Waits until the host has let go of all sockets. */
async function emptied(server: TestServer): Promise<void> {
  for (let attempts = 0; attempts < 300; attempts++) {
    const { sockets_open } = await counted(server, "sockets_open");
    if (sockets_open === 0) return;
    await sleep(100);
  }
  throw new Error("Sockets are open for 30 s");
}
