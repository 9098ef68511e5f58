import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Outbox, type OutboxTarget } from "../../src/engines/redis/outbox.ts";
import type { PublishRequest } from "../../src/engines/redis/session.ts";
import type { RedisPosition } from "../../src/engines/redis/wire.ts";
import { microtasks } from "../tools/turns.ts";

/** A Redis that answers when a test says so. */
class Target implements OutboxTarget {
  isLost = false;
  readonly sent: PublishRequest[] = [];
  readonly #answers: PromiseWithResolvers<RedisPosition>[] = [];
  #seq = 0;

  publish(request: PublishRequest): Promise<RedisPosition> {
    this.sent.push(request);
    const answer = Promise.withResolvers<RedisPosition>();
    this.#answers.push(answer);
    return answer.promise;
  }

  /** Accepts the batch that was sent as the `n`th. */
  accept(n: number): void {
    this.#answers[n]!.resolve({ epoch: 1, seq: this.#seq + 1 });
    this.#seq += this.sent[n]!.events.length;
  }

  fail(n: number, message: string): void {
    this.#answers[n]!.reject(new Error(message));
  }

  /** Loses the connection. */
  lose(): void {
    this.isLost = true;
    for (const answer of this.#answers) answer.reject(new Error("gone"));
  }

  /** What was sent, by the events' namespaces. */
  get batches(): string[] {
    return this.sent.map(({ events }) =>
      events.map(({ namespace }) => namespace).join("")
    );
  }
}

function outbox(): {
  box: Outbox;
  publish(namespace: string, key?: string): Promise<number>;
} {
  const box = new Outbox({ kept: 10, seen: () => ({ epoch: 1, seq: 0 }) });
  return {
    box,
    publish: async (namespace, key) =>
      (await box.publish(namespace, new Uint8Array(1), key)).seq,
  };
}

describe("what waits for Redis", () => {
  it("goes in one round trip where it is of one turn", async () => {
    const { box, publish } = outbox();
    const target = new Target();
    box.open(target);
    const all = Promise.all(["a", "b", "c"].map((name) => publish(name)));
    await microtasks();
    const late = publish("d");
    await microtasks();
    assertEquals(target.batches, ["abc", "d"]);
    target.accept(0);
    target.accept(1);
    assertEquals(await all, [1, 2, 3]);
    assertEquals(await late, 4);
    assertEquals(box.isEmpty, true);
  });

  it("grows larger while much is under way, and keeps its order", async () => {
    const { box, publish } = outbox();
    const target = new Target();
    box.open(target);
    for (const name of "abcdefgh") {
      publish(name);
      await microtasks();
    }
    assertEquals(target.batches, ["a", "b", "c", "d"]);
    target.accept(0);
    await microtasks();
    assertEquals(target.batches.slice(4), ["efgh"]);
    box.refuse(new Error("The end"));
  });

  it("is sent by itself where it has a key", async () => {
    const { box, publish } = outbox();
    const target = new Target();
    box.open(target);
    publish("a");
    publish("b", "k");
    publish("c");
    await microtasks();
    assertEquals(target.batches, ["a", "b", "c"]);
    assertEquals(target.sent[1]!.token, "key:k");
    assertEquals(target.sent[1]!.remembered, 300_000);
  });

  it("is sent again by the same token when the connection was lost", async () => {
    const { box, publish } = outbox();
    const first = new Target();
    box.open(first);
    const a = publish("a");
    await microtasks();
    first.lose();
    box.pause();
    const b = publish("b");
    await microtasks();
    const second = new Target();
    box.open(second);
    assertEquals(second.batches, ["a", "b"]);
    assertEquals(second.sent[0]!.token, first.sent[0]!.token);
    second.accept(0);
    second.accept(1);
    assertEquals([await a, await b], [1, 2]);
  });

  it("is not sent again in another epoch, where it could come twice", async () => {
    let epoch = 1;
    const box = new Outbox({ kept: 10, seen: () => ({ epoch, seq: 0 }) });
    const first = new Target();
    box.open(first);
    const lost = assertRejects(() =>
      box.publish("/a", new Uint8Array(1), undefined)
    );
    await microtasks();
    first.lose();
    box.pause();
    epoch = 2;
    const second = new Target();
    box.open(second);
    assertEquals((await lost as Error).name, "TimeoutError");
    assertEquals(second.batches, []);
  });

  it("is refused while there is nothing to send it to", async () => {
    const { box, publish } = outbox();
    const waiting = assertRejects(() => publish("a"), Error, "away");
    box.refuse(new Error("away"));
    await waiting;
    await assertRejects(() => publish("b"), Error, "away");
    const target = new Target();
    box.open(target);
    publish("c");
    await microtasks();
    assertEquals(target.batches, ["c"]);
  });

  it("is refused when Redis refuses it", async () => {
    const { box, publish } = outbox();
    const target = new Target();
    box.open(target);
    const refused = assertRejects(() => publish("a"));
    await microtasks();
    target.fail(0, "OOM command not allowed");
    assertMatch(
      (await refused as Error).message,
      /^Cannot publish as Redis has refused it: OOM/,
    );
    assertEquals(box.isEmpty, true);
  });

  it("is not said to be refused where it was sent before", async () => {
    const { box, publish } = outbox();
    const first = new Target();
    box.open(first);
    const lost = assertRejects(() => publish("a"));
    await microtasks();
    first.lose();
    box.pause();
    const second = new Target();
    box.open(second);
    second.fail(0, "BUSY Redis is busy running a script");
    assertEquals((await lost as Error).name, "TimeoutError");
  });

  it("has its end told, also where it is under way", async () => {
    const { box, publish } = outbox();
    const target = new Target();
    box.open(target);
    const underWay = assertRejects(() => publish("a"));
    await microtasks();
    target.lose();
    const waiting = assertRejects(() => publish("b"), Error, "closed");
    box.close(new Error("closed"));
    await waiting;
    assertEquals((await underWay as Error).name, "TimeoutError");
    assertEquals(box.isEmpty, true);
  });

  it("has a limit", async () => {
    const { box } = outbox();
    const large = new Uint8Array(33 * 1024 * 1024);
    const held = [1, 2].map(() =>
      assertRejects(() => box.publish("/a", large, undefined))
    );
    await assertRejects(
      () => box.publish("/a", large, undefined),
      Error,
      "bytes wait for Redis already",
    );
    box.refuse(new Error("The end"));
    await Promise.all(held);
  });
});
