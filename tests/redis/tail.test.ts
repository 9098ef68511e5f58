import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  epochText,
  Tail,
  type TailSource,
} from "../../src/engines/redis/tail.ts";
import type {
  RedisBatch,
  RedisPosition,
  RedisRecord,
} from "../../src/engines/redis/wire.ts";
import { turns } from "../tools/turns.ts";

const E = 1_764_000_000_000;

/** A stream, of which a tail hears as much as a test lets it. */
class Stream implements TailSource {
  readonly isLost = false;
  readonly clockOffset = 5;
  records: (RedisRecord | RedisPosition)[] = [];
  top: RedisPosition = { epoch: E, seq: 0 };
  /** How often it was read. */
  reads = 0;
  /** Called before it answers. */
  onRead: () => void = () => {};

  /** Adds events; returns them as they are published. */
  add(count: number, epoch: number = this.top.epoch): RedisBatch {
    const first = epoch === this.top.epoch ? this.top.seq + 1 : 1;
    const records = Array.from({ length: count }, (_, i): RedisRecord => ({
      epoch,
      seq: first + i,
      time: 1_000 + first + i,
      namespace: "/a",
      body: new Uint8Array([first + i]),
    }));
    this.records.push(...records);
    this.top = { epoch, seq: first + count - 1 };
    return { epoch, first, records, bytes: count };
  }

  stand(): Promise<RedisPosition> {
    return Promise.resolve(this.top);
  }

  read(
    after: RedisPosition,
    count: number,
  ): Promise<(RedisRecord | RedisPosition)[]> {
    this.reads++;
    const page = this.records.filter(({ epoch, seq }) =>
      epoch > after.epoch || (epoch === after.epoch && seq > after.seq)
    ).slice(0, count);
    this.onRead();
    return Promise.resolve(page);
  }
}

/** A tail, and what it tells its server: `+` for what is delivered. */
async function follow(
  stream: Stream,
): Promise<{ tail: Tail; told: string[] }> {
  const told: string[] = [];
  const name = (epoch: string) => epoch === epochText(E) ? "E" : "L";
  const tail = new Tail({
    begin: ({ epoch, seq }) => told.push(`begin ${name(epoch)}${seq}`),
    restore: ({ epoch, seq }) => told.push(`restore ${name(epoch)}${seq}`),
    deliver: ({ epoch, seq }) => told.push(`+${name(epoch)}${seq}`),
  });
  await tail.follow(stream);
  return { tail, told };
}

describe("the tail of a stream in Redis", () => {
  it("begins with what is there, then delivers what is published", async () => {
    const stream = new Stream();
    stream.add(2);
    const { tail, told } = await follow(stream);
    tail.receive(stream.add(2));
    assertEquals(told, [
      "begin E0",
      "restore E1",
      "restore E2",
      "+E3",
      "+E4",
    ]);
    assertEquals(tail.repairs, 0);
  });

  it("begins where the stream stands of which nothing is left", async () => {
    const stream = new Stream();
    stream.add(7);
    stream.records = [];
    const { told } = await follow(stream);
    assertEquals(told, ["begin E7"]);
    stream.add(3);
    stream.records.shift();
    assertEquals((await follow(stream)).told, [
      "begin E8",
      "restore E9",
      "restore E10",
    ]);
  });

  it("reads what has not come before it delivers what has", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    stream.add(2);
    tail.receive(stream.add(1));
    assertEquals(told, ["begin E0"]);
    // Comes while the hole is read, by then part of it or after it.
    stream.onRead = () => {
      stream.onRead = () => {};
      tail.receive(stream.add(1));
    };
    await turns(3);
    assertEquals(told.slice(1), ["+E1", "+E2", "+E3", "+E4"]);
    assertEquals(tail.repairs, 1);
    tail.receive(stream.add(1));
    assertEquals(told.at(-1), "+E5");
  });

  it("delivers nothing twice", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    const first = stream.add(2);
    tail.receive(first);
    tail.receive(first);
    const second = stream.add(2);
    // Some of it has been read already.
    tail.receive({
      ...second,
      first: 2,
      records: [first.records[1]!, ...second.records],
    });
    assertEquals(told.slice(1), ["+E1", "+E2", "+E3", "+E4"]);
  });

  it("finds the last event missing when it is told to look", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    stream.add(1);
    await tail.repair();
    assertEquals(told.slice(1), ["+E1"]);
  });

  it("tells of what was forgotten before it could be read", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    stream.add(3);
    stream.records = [];
    tail.receive(stream.add(1));
    await turns(3);
    assertEquals(told, ["begin E0", "begin E3", "+E4"]);
    stream.add(2);
    stream.records = [];
    await tail.repair();
    assertEquals(told.slice(3), ["begin E6"]);
  });

  it("delivers the rest of an epoch before the next one begins", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    tail.receive(stream.add(1));
    stream.add(1);
    tail.receive(stream.add(1, E + 1));
    await turns(3);
    assertEquals(told.slice(1), ["+E1", "+E2", "begin L0", "+L1"]);
  });

  it("begins an epoch in which nothing was published yet", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    stream.top = { epoch: E + 1, seq: 0 };
    tail.receive({ epoch: E + 1, first: 1, records: [], bytes: 0 });
    await turns(3);
    assertEquals(told, ["begin E0", "begin L0"]);
  });

  it("passes over what somebody else has added, however much", async () => {
    const stream = new Stream();
    stream.add(1);
    for (let i = 0; i < 1_200; i++) {
      stream.records.push({ epoch: E + 1, seq: i });
    }
    stream.add(1, E + 2);
    const { tail, told } = await follow(stream);
    assertEquals(told, ["begin L0", "restore L1"]);
    stream.records.push({ epoch: E + 3, seq: 0 });
    stream.add(1, E + 4);
    await tail.repair();
    assertEquals(told.slice(2), ["begin L0", "+L1"]);
  });

  it("reads again what was too much to be held meanwhile", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    stream.add(1);
    const large = (batch: RedisBatch) => ({ ...batch, bytes: 10 * 1024 ** 2 });
    stream.onRead = () => {
      stream.onRead = () => {};
      tail.receive(large(stream.add(1)));
      tail.receive(large(stream.add(1)));
    };
    tail.receive(stream.add(1));
    await turns(6);
    assertEquals(told.slice(1), ["+E1", "+E2", "+E3", "+E4"]);
  });

  it("tells whether a place is reached in time", async () => {
    const stream = new Stream();
    const { tail } = await follow(stream);
    assertEquals(await tail.reached({ epoch: E, seq: 0 }, 1_000), true);
    const soon = tail.reached({ epoch: E, seq: 2 }, 60_000);
    assertEquals(await tail.reached({ epoch: E, seq: 3 }, 1), false);
    tail.receive(stream.add(2));
    assertEquals(await soon, true);
  });

  it("goes on after another source where it left off", async () => {
    const stream = new Stream();
    const { tail, told } = await follow(stream);
    tail.receive(stream.add(1));
    tail.detach();
    const missed = stream.add(1);
    // Of the new connection, before it is followed.
    tail.receive(missed);
    await tail.follow(stream);
    tail.receive(stream.add(1));
    assertEquals(told.slice(1), ["+E1", "+E2", "+E3"]);
  });
});
