import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { clientsFor } from "../../src/engines/redis/driver.ts";
import { keysOf } from "../../src/engines/redis/keys.ts";
import { Session } from "../../src/engines/redis/session.ts";
import type {
  RedisBatch,
  RedisPosition,
} from "../../src/engines/redis/wire.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { until } from "../tools/waiting.ts";

const NOWHERE: RedisPosition = { epoch: 0, seq: 0 };
const encoder = new TextEncoder();

describe(`what runs within Redis${REDIS_HINT}`, {
  ignore: REDIS === undefined,
}, () => {
  let server: RedisServer;
  beforeAll(async () => {
    if (REDIS !== undefined) server = await RedisServer.start();
  });
  afterAll(async () => await server?.[Symbol.asyncDispose]());

  /** Runs a test on an empty Redis. */
  async function using(
    test: (session: Session, received: RedisBatch[]) => Promise<void>,
  ): Promise<void> {
    await server.run(["FLUSHALL"]);
    const received: RedisBatch[] = [];
    const session = await Session.open({
      keys: keysOf("sse", 0),
      newClient: await clientsFor(server.url),
      signal: new AbortController().signal,
      received: (batch) => received.push(batch),
    });
    try {
      await test(session, received);
    } finally {
      session.end(new Error("The test is over"));
    }
  }

  function publish(
    session: Session,
    bodies: readonly string[],
    seen: RedisPosition = NOWHERE,
    more: { token?: string; wanted?: number } = {},
  ): Promise<RedisPosition> {
    return session.publish({
      events: bodies.map((body) => ({
        namespace: "/é",
        body: encoder.encode(body),
      })),
      token: more.token ?? crypto.randomUUID(),
      remembered: 10_000,
      wanted: more.wanted ?? 4_000,
      kept: 1_000,
    }, seen);
  }

  it("gives places without a hole, and keeps and publishes the same", async () => {
    await using(async (session, received) => {
      const begun = await session.stand(NOWHERE);
      assertEquals(begun.seq, 0);
      assertEquals(await publish(session, ["a", ""]), { ...begun, seq: 1 });
      assertEquals(await publish(session, ["c"]), { ...begun, seq: 3 });
      await until(() => received.length === 3, "what was published");
      const live = received.flatMap(({ records }) => records);
      assertEquals(live.map(({ seq }) => seq), [1, 2, 3]);
      assertEquals(
        live.map(({ namespace, body }) =>
          `${namespace} ${new TextDecoder().decode(body)}`
        ),
        ["/é a", "/é ", "/é c"],
      );
      assertEquals(await session.read({ ...begun, seq: 0 }, 10), live);
      assertEquals(await session.read({ ...begun, seq: 2 }, 10), live.slice(2));
    });
  });

  it("publishes the same batch once", async () => {
    await using(async (session, received) => {
      const token = "batch-1";
      const first = await publish(session, ["a"], NOWHERE, { token });
      await publish(session, ["b"]);
      assertEquals(await publish(session, ["a"], NOWHERE, { token }), first);
      await publish(session, ["c"]);
      const live = () => received.flatMap(({ records }) => records);
      await until(() => live().at(-1)?.body[0] === 99, "c");
      assertEquals(live().length, 3);
    });
  });

  it("refuses what comes too late", async () => {
    await using(async (session) => {
      await session.stand(NOWHERE);
      const late = await assertRejects(
        () => publish(session, ["a"], NOWHERE, { wanted: -1_000 }),
        Error,
      );
      assertMatch(late.message, /LATE/);
      const [length] = await server.run(["XLEN", "{sse}:events"]);
      assertEquals(length, 0);
    });
  });

  it("is not told the wrong time by a machine that stood still", async () => {
    await using(async (session) => {
      const steady = performance.now.bind(performance);
      try {
        const stand = session.stand(NOWHERE);
        performance.now = () => steady() + 20_000;
        await stand;
      } finally {
        performance.now = steady;
      }
      await publish(session, ["a"]);
    });
  });

  it("does not take for late what comes after a clock was set back", async () => {
    await using(async (session) => {
      const { now } = Date;
      await session.stand(NOWHERE);
      try {
        Date.now = () => now() - 20_000;
        await publish(session, ["a"]);
      } finally {
        Date.now = now;
      }
    });
  });

  it("begins anew when a caller has seen more than there is", async () => {
    await using(async (session) => {
      const first = await publish(session, ["a"]);
      // As many as it has seen are there.
      assertEquals(await session.stand(first), first);
      const seen = { epoch: first.epoch, seq: 5 };
      const next = await publish(session, ["b"], seen);
      assertEquals([next.epoch > first.epoch, next.seq], [true, 1]);
      // A clock that was set back, after which everything was lost.
      const future = { epoch: next.epoch + 1_000_000, seq: 9 };
      const last = await session.stand(future);
      assertEquals([last.epoch > future.epoch, last.seq], [true, 0]);
    });
  });

  it("begins anew after everything was flushed, above what was seen", async () => {
    await using(async (session) => {
      const first = await publish(session, ["a"]);
      await server.run(["FLUSHALL"]);
      const next = await publish(session, ["b"], first);
      assertEquals([next.epoch > first.epoch, next.seq], [true, 1]);
    });
  });

  it("goes on where the stream was trimmed to nothing or deleted", async () => {
    await using(async (session) => {
      const first = await publish(session, ["a"]);
      await server.run(["XTRIM", "{sse}:events", "MAXLEN", "0"]);
      assertEquals(await publish(session, ["b"], first), { ...first, seq: 2 });
      await server.run(["DEL", "{sse}:events"]);
      assertEquals(await publish(session, ["c"], first), { ...first, seq: 3 });
    });
  });

  it("begins anew where its place was deleted, or another one added", async () => {
    await using(async (session) => {
      const first = await publish(session, ["a"]);
      await server.run(["DEL", "{sse}:state"]);
      const second = await publish(session, ["b"]);
      assertEquals([second.epoch > first.epoch, second.seq], [true, 1]);
      const foreign = `${second.epoch + 1_000}-0`;
      await server.run(["XADD", "{sse}:events", foreign, "x", "y"]);
      const third = await publish(session, ["c"]);
      assertEquals([third.epoch > second.epoch + 1_000, third.seq], [true, 1]);
      // A place, and nothing else.
      assertEquals((await session.read(second, 10))[0], {
        epoch: second.epoch + 1_000,
        seq: 0,
      });
    });
  });

  it("begins anew in another run of Redis, once", async () => {
    let first = NOWHERE;
    await using(async (session) => {
      first = await publish(session, ["a"]);
      assertEquals(await session.stand(NOWHERE), first);
    });
    await server.kill();
    await server.start();
    const epochs: number[] = [];
    for (let i = 0; i < 2; i++) {
      const session = await Session.open({
        keys: keysOf("sse", 0),
        newClient: await clientsFor(server.url),
        signal: new AbortController().signal,
        received() {},
      });
      const { epoch } = await session.stand(NOWHERE);
      epochs.push(epoch);
      // What was accepted before is there still.
      const [record] = await session.read(NOWHERE, 10);
      assertEquals(record?.epoch, first.epoch);
      session.end(new Error("The test is over"));
    }
    assertEquals([epochs[0]! > first.epoch, epochs[1]], [true, epochs[0]]);
  });

  it("tells all who listen that an epoch has begun", async () => {
    await using(async (session, received) => {
      const { epoch } = await session.stand(NOWHERE);
      await until(() => received.length === 1, "the epoch");
      assertEquals(received[0], {
        epoch,
        first: 1,
        records: [],
        bytes: received[0]!.bytes,
      });
    });
  });
});
