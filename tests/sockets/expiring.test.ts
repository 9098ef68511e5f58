import type { DisconnectReason } from "@sseserver/sseserver";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClock } from "@sseserver/sseserver/testing";
import { heardAtLeast, PackageClient } from "../tools/resuming_clients.ts";
import { start, type TestServer } from "../tools/sockets.ts";
import { sleep, until } from "../tools/waiting.ts";
import { begun, counted, say, wireOf } from "../tools/wire.ts";

describe("maxAge", () => {
  it("ends streams with the reason expired, each after all that came", async () => {
    const reasons: DisconnectReason[] = [];
    const clock = new TestClock();
    await using server = await start({
      history: true,
      maxAge: 1_000,
      clock,
      onDisconnect: (_, reason) => reasons.push(reason),
    });
    const wire = await wireOf(server);
    reasons.length = 0;
    const clients = await server.openMany(20, "/subscribe/a");
    say(server, "1");
    await clock.advance(1_000);
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
    await emptied(server, clock);
  });

  it("makes EventSource come back by itself, and lose nothing", async () => {
    const reasons: DisconnectReason[] = [];
    const clock = new TestClock();
    await using server = await start({
      history: true,
      maxAge: 1_000,
      retry: 100,
      clock,
      onDisconnect: (_, reason) => reasons.push(reason),
    });
    await using client = new PackageClient(
      `http://127.0.0.1:${server.port}/subscribe/a`,
    );
    await heardAtLeast(client, 1);
    let said = 0;
    const timer = setInterval(() => say(server, `${++said}`), 5);
    for (let ends = 1; ends <= 2; ends++) {
      await server.settles(1);
      const enough = said + 20;
      await until(() => said > enough, "some events");
      await clock.advance(1_000);
    }
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
async function emptied(server: TestServer, clock: TestClock): Promise<void> {
  for (let attempts = 0; attempts < 300; attempts++) {
    const { sockets_open } = await counted(server, "sockets_open");
    if (sockets_open === 0) return;
    await clock.advance(1_000);
    await sleep(100);
  }
  throw new Error("Sockets are open for 30 s");
}
