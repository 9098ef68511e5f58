import {
  assertEquals,
  assertMatch,
  assertNotInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { TestClient } from "@sseserver/sseserver/testing";
import {
  type Engine,
  type EngineRecord,
  type EngineSink,
  formatId,
  MemoryEngine,
} from "../src/engine.ts";
import { engineContract } from "./tools/engine_contract.ts";
import { SlowEngine } from "./tools/slow_engine.ts";
import { turns } from "./tools/turns.ts";
import { until } from "./tools/waiting.ts";

engineContract("MemoryEngine", () => new MemoryEngine());
engineContract("an engine of a program's own", () => new SlowEngine());

describe("the memory engine", () => {
  it("delivers before publish returns, and the very same bytes", () => {
    const delivered: EngineRecord[] = [];
    const engine = new MemoryEngine();
    engine.start({
      begin() {},
      restore() {},
      deliver: (record) => delivered.push(record),
    });
    const body = new Uint8Array(1);
    const place = engine.publish("/x", body);
    assertNotInstanceOf(place, Promise);
    assertEquals(delivered.length, 1);
    assertStrictEquals(delivered[0]!.body, body);
    assertEquals(formatId(place), formatId(delivered[0]!));
  });

  it("refuses to publish before its start and after its end", () => {
    const engine = new MemoryEngine();
    const publish = () => engine.publish("/x", new Uint8Array(1));
    const expected = "Cannot publish as the engine is not running";
    assertEquals(assertThrows(publish, Error).message, expected);
    engine.start({ begin() {}, restore() {}, deliver() {} });
    publish();
    engine.close();
    assertEquals(assertThrows(publish, Error).message, expected);
  });
});

/** An engine of which each step can be watched and broken. */
class ScriptedEngine implements Engine {
  readonly calls: string[] = [];
  readonly #inner: MemoryEngine = new MemoryEngine();
  /** What start() waits for. */
  ready: Promise<void> = Promise.resolve();
  /** What publish() fails with. */
  failure: Error | undefined;

  async start(sink: EngineSink): Promise<void> {
    this.calls.push("start");
    await this.ready;
    this.#inner.start(sink);
  }

  publish(
    namespace: string,
    body: Uint8Array<ArrayBuffer>,
  ): ReturnType<Engine["publish"]> {
    this.calls.push(`publish ${namespace}`);
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve(this.#inner.publish(namespace, body));
  }

  close(): void {
    this.calls.push("close");
    this.#inner.close();
  }
}

describe("a server over an engine", () => {
  it("neither starts nor closes one that it never used", async () => {
    const engine = new ScriptedEngine();
    const sse = new SSEServer({ engine });
    await sse.close();
    sse.status();
    sse.broadcast({ namespace: "/x", data: 1 });
    await TestClient.open(sse, "/subscribe/x");
    assertEquals(engine.calls, []);
  });

  it("publishes what came before it was closed while the engine started", async () => {
    const engine = new ScriptedEngine();
    let start = () => {};
    engine.ready = new Promise((resolve) => start = resolve);
    const sse = new SSEServer({ engine });
    const inTime = sse.publish({ namespace: "/x", data: 1 });
    const closed = sse.close();
    const late = sse.publish({ namespace: "/x", data: 2 });
    await assertRejects(() => late, Error, "closed");
    start();
    assertMatch(await inTime, /-1$/);
    await closed;
    assertEquals(engine.calls, ["start", "publish /x", "close"]);
  });

  it("closes at once, and serves no more, while the engine waits for ever", async () => {
    const engine = new ScriptedEngine();
    engine.ready = new Promise(() => {});
    const sse = new SSEServer({ engine });
    const options = { port: 0, log: false, signals: false } as const;
    const serving = sse.serve(options);
    await until(() => engine.calls.length > 0, "the start");
    const stop = new AbortController();
    const stopped = sse.serve({ ...options, signal: stop.signal });
    stop.abort(new Error("too late"));
    await assertRejects(() => stopped, Error, "too late");
    await sse.close();
    await assertRejects(() => serving, Error, "the server is closed");
    assertEquals(engine.calls, ["start", "close"]);
  });

  it("opens no stream and publishes nothing when it does not start", async () => {
    const errors: unknown[] = [];
    const engine = new ScriptedEngine();
    engine.start = () => {
      throw new Error("no network");
    };
    const sse = new SSEServer({
      engine,
      onError: (error) => errors.push((error as Error).message),
    });
    for (let i = 0; i < 2; i++) {
      const publish = () => sse.publish({ namespace: "/x", data: 1 });
      await assertRejects(publish, Error, "no network");
      const client = await TestClient.open(sse, "/subscribe/x");
      assertEquals([client.status, await client.ended()], [200, "server"]);
      assertMatch(client.text, /^retry:\d{5}\n\n$/);
    }
    await until(() => errors.length === 2, "two errors");
    assertEquals(errors, ["no network", "no network"]);
  });

  it("rejects with a TimeoutError when it does not answer", async () => {
    const engine = new ScriptedEngine();
    engine.publish = () => new Promise(() => {});
    const sse = new SSEServer({ engine });
    const error = await assertRejects(() =>
      sse.publish({ namespace: "/x", data: 1 })
    );
    assertEquals((error as Error).name, "TimeoutError");
  });

  it("starts it at the first use, once, and closes it at the end", async () => {
    const engine = new ScriptedEngine();
    const sse = new SSEServer({ engine });
    await turns();
    assertEquals(engine.calls, []);
    sse.broadcast({ namespace: "a", data: 1 });
    await sse.publish({ namespace: "b", data: 2 });
    await sse.close();
    await sse.close();
    assertEquals(engine.calls, ["start", "publish /a", "publish /b", "close"]);
  });

  it("keeps what is published until the engine is ready, in order", async () => {
    const engine = new ScriptedEngine();
    let ready = () => {};
    engine.ready = new Promise((resolve) => ready = resolve);
    const sse = new SSEServer({ engine });
    const ids = ["a", "b", "c"].map((namespace) =>
      sse.publish({ namespace, data: "x" })
    );
    await turns(3);
    assertEquals(engine.calls, ["start"]);
    ready();
    const places = (await Promise.all(ids)).map((id) => id.split("-")[1]);
    assertEquals(places, ["1", "2", "3"]);
    assertEquals(engine.calls.slice(1), [
      "publish /a",
      "publish /b",
      "publish /c",
    ]);
    await sse.close();
  });

  it("lets nobody overtake what has waited for the engine", async () => {
    const engine = new ScriptedEngine();
    let ready = () => {};
    engine.ready = new Promise((resolve) => ready = resolve);
    const sse = new SSEServer({ engine });
    sse.broadcast({ namespace: "waited", data: "x" });
    ready();
    // In each of the microtasks in which the engine gets ready.
    for (let i = 0; i < 20; i++) {
      sse.broadcast({ namespace: `later/${i}`, data: "x" });
      await undefined;
    }
    await turns(2);
    assertEquals(engine.calls, [
      "start",
      "publish /waited",
      ...Array.from({ length: 20 }, (_, i) => `publish /later/${i}`),
    ]);
    await sse.close();
  });

  it("answers a subscriber once the engine is ready", async () => {
    const engine = new ScriptedEngine();
    let ready = () => {};
    engine.ready = new Promise((resolve) => ready = resolve);
    const sse = new SSEServer({ engine });
    let client: TestClient | undefined;
    const answered = TestClient.open(sse, "/subscribe/x")
      .then((opened) => client = opened);
    await turns(3);
    assertEquals(client, undefined);
    assertEquals(sse.status().connections, []);
    ready();
    assertEquals((await answered).status, 200);
    assertEquals(sse.status().connections.length, 1);
    await sse.close();
  });

  it("tells publish() and onError what the engine refused", async () => {
    const errors: unknown[] = [];
    const engine = new ScriptedEngine();
    const sse = new SSEServer({
      engine,
      onError: (error) => errors.push(error),
    });
    const failure = engine.failure = new Error("away");
    const message = { namespace: "x", data: "x" };
    const rejected = await assertRejects(() => sse.publish(message));
    assertStrictEquals(rejected, failure);
    sse.broadcast(message);
    await until(() => errors.length > 0, "the error");
    assertStrictEquals(errors[0], failure);
    assertEquals(errors.length, 1);
    engine.failure = undefined;
    assertEquals((await sse.publish(message)).split("-")[1], "1");
    await sse.close();
  });
});
