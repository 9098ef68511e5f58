import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ControlledEngine } from "../tools/controlled_engine.ts";
import { outcome, post, refusals, start } from "../tools/publishing.ts";
import type { TestServer } from "../tools/sockets.ts";

describe("an Idempotency-Key", () => {
  const keyed = (server: TestServer, key: string, body: string, more = {}) =>
    post(server, "/publish/a", body, { "Idempotency-Key": key, ...more });

  it("publishes once, and answers with the same id", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/a");
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => keyed(server, "k1", "once")),
    );
    assertEquals(answers.map(outcome), answers.map(() => [201, "1"]));
    assertEquals(outcome(await keyed(server, "k2", "once")), [201, "2"]);
    await client.hearsLast("data:once\n\ndata:once\n\n");
    assertEquals(client.body, ":ok\n\ndata:once\n\ndata:once\n\n");
  });

  it("is refused for another message, namespace or event", async () => {
    await using server = await start();
    await keyed(server, "k", "one");
    assertEquals((await keyed(server, "k", "two")).status, 422);
    const headers = { "Idempotency-Key": "k" };
    for (const path of ["/publish/b", "/publish/a?event=x"]) {
      const answer = await post(server, path, "one", headers);
      assertEquals([path, answer.status], [path, 422]);
    }
    assertEquals(await refusals(server), { keyReused: 3 });
  });

  it("is a publisher's own", async () => {
    await using server = await start({
      publish: {
        authorize: ({ headers }) => ({ user: headers.get("x-user")! }),
      },
    });
    const as = (user: string, body: string) =>
      keyed(server, "k", body, { "X-User": user });
    assertEquals(outcome(await as("ann", "one")), [201, "1"]);
    assertEquals(outcome(await as("bob", "two")), [201, "2"]);
    assertEquals(outcome(await as("ann", "one")), [201, "1"]);
  });

  it("needs to know whose it is", async () => {
    await using server = await start({ publish: { authorize: () => true } });
    const unknown = { "Authorization": undefined };
    const answer = await keyed(server, "k", "x", unknown);
    assertEquals(answer.status, 400);
    assertStringIncludes(answer.body, "not known who publishes");
    assertEquals(outcome(await post(server, "/publish/a", "x", unknown)), [
      201,
      "1",
    ]);
    // An Authorization header tells as well.
    const ann = { "Authorization": "Basic ann" };
    const bob = { "Authorization": "Basic bob" };
    assertEquals(outcome(await keyed(server, "k", "x", ann)), [201, "2"]);
    assertEquals(outcome(await keyed(server, "k", "y", bob)), [201, "3"]);
    assertEquals(outcome(await keyed(server, "k", "x", ann)), [201, "2"]);
  });

  it("has a length", async () => {
    await using server = await start();
    for (const key of ["", "k".repeat(256)]) {
      const answer = await keyed(server, key, "x");
      assertEquals([key.length, answer.status], [key.length, 400]);
      assertStringIncludes(answer.body, "'Idempotency-Key'");
    }
    assertEquals((await keyed(server, "k".repeat(255), "x")).status, 201);
  });

  it("is free again after a refusal by the engine", async () => {
    const engine = new ControlledEngine();
    await using server = await start({ engine, onError() {} });
    engine.fails = true;
    const answer = await keyed(server, "k", "x");
    assertEquals([answer.status, answer.header("retry-after")], [503, "1"]);
    engine.fails = false;
    assertEquals(outcome(await keyed(server, "k", "x")), [201, "1"]);
    assertEquals(await refusals(server), { unavailable: 1 });
  });

  it("waits for a publication that took too long, instead of a second one", async () => {
    const engine = new ControlledEngine();
    await using server = await start({ engine, onError() {} });
    engine.hold();
    const late = await keyed(server, "k", "x");
    assertEquals(late.status, 503);
    const again = keyed(server, "k", "x");
    engine.release();
    assertEquals(outcome(await again), [201, "1"]);
    assertEquals(engine.published, 1);
  });
});
