/**
 * What the hub costs by itself, without a runtime's streams and sockets. Prints one
 * record of figures, in nanoseconds.
 */
import { SSEServer } from "@sseserver/sseserver";
import process from "node:process";
import { setImmediate } from "node:timers";
import type { Divertible, Outlet } from "../../../src/outlet.ts";

const PAYLOAD = "00000000 123456789012";

/** Milliseconds that each is measured for, and before that for the compiler. */
const SPAN = Number(process.argv[3]);

/** A server and its streams, whose bytes are taken the way a host takes them. */
class Readers implements AsyncDisposable {
  readonly sse: SSEServer = new SSEServer({
    keepAlive: 0,
    limits: { connections: 200_000 },
  });
  /** Chunks that have come and were not waited for yet. */
  #came = 0;
  #awaited = Infinity;
  #resolve = () => {};
  /** Streams that have yet to ask for more. */
  readonly #taken: Divertible[] = [];

  /** Opens streams, and waits until each has got its first chunk. */
  async open(count: number, namespace: (i: number) => string): Promise<void> {
    const info = {
      opened: (stream: Divertible) => stream.divert(this.#outletFor(stream)),
    };
    for (let i = 0; i < count; i++) {
      const request = new Request("http://localhost/");
      await this.sse.subscribe(request, namespace(i), { info });
    }
    await this.arrived(count);
  }

  /** Waits until so many more chunks have come, and everyone asks for the next. */
  async arrived(count: number): Promise<void> {
    this.#awaited = count;
    if (this.#came < count) {
      await new Promise<void>((resolve) => this.#resolve = resolve);
    }
    this.#came -= count;
    this.#awaited = Infinity;
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const stream of this.#taken.splice(0)) stream.pull();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sse.close();
  }

  #outletFor(stream: Divertible): Outlet {
    return {
      write: () => {
        this.#taken.push(stream);
        if (++this.#came >= this.#awaited) this.#resolve();
      },
      end() {},
      destroy() {},
    };
  }
}

/** Nanoseconds a call, each of which has come to its end before the next. */
async function time(call: () => void | Promise<void>): Promise<number> {
  let nanoseconds = 0;
  for (const span of [SPAN / 2, SPAN]) {
    let calls = 0;
    const begun = performance.now();
    do {
      for (let i = 0; i < 16; i++) await call();
      calls += 16;
    } while (performance.now() - begun < span);
    nanoseconds = (performance.now() - begun) / calls * 1e6;
  }
  return nanoseconds;
}

/**
 * Nanoseconds a broadcast to so many readers, a share of whom hear it: the Go
 * package's BroadcastNS, and its Broadcast where all do.
 */
async function broadcastNS(count: number, share: number): Promise<number> {
  await using readers = new Readers();
  const hear = Math.round(count * share);
  await readers.open(count, (i) => i < hear ? "/a" : `/other/${i}`);
  const nanoseconds = await time(() => {
    readers.sse.broadcast({ namespace: "/a", data: PAYLOAD });
    return readers.arrived(hear);
  });
  // What the event loop takes to go round is not the hub's.
  return nanoseconds - await time(() => readers.arrived(0));
}

/** Broadcasts a turn where publishing alone is measured. */
const TURN = 1_000;

/**
 * Publishing alone, to one of so many namespaces that are heard: always the same,
 * and each time another. What is delivered in between is not counted.
 */
async function publish(
  among: number,
): Promise<{ same: number; random: number }> {
  await using readers = new Readers();
  await readers.open(among, (i) => `/wide/${i}`);
  const names = Array.from({ length: among }, (_, i) => `/wide/${i}`);
  let state = 1;
  const random = () => names[(state = state * 48_271 % 0x7fffffff) % among]!;
  return {
    same: await publishing(readers, () => names[0]!),
    random: await publishing(readers, random),
  };
}

async function publishing(
  readers: Readers,
  name: () => string,
): Promise<number> {
  // Three times as many before that: for the compilers, of which Bun's takes up to
  // 400 turns, and for the collector to be through with what opening the streams left.
  const turns = SPAN;
  const samples: number[] = [];
  for (let turn = -3 * turns; turn < turns; turn++) {
    const chosen = Array.from({ length: TURN }, name);
    const begun = performance.now();
    for (const namespace of chosen) {
      readers.sse.broadcast({ namespace, data: PAYLOAD });
    }
    const nanoseconds = (performance.now() - begun) / TURN * 1e6;
    if (turn >= 0) samples.push(nanoseconds);
    // Each namespace has one reader, who gets all of a turn in one chunk.
    await readers.arrived(new Set(chosen).size);
  }
  samples.sort((a, b) => a - b);
  return samples[samples.length / 2]!;
}

/** What is measured, by its case. */
const MEASURED: Record<string, () => Promise<Record<string, number>>> = {
  async hub() {
    const figures: Record<string, number> = {};
    for (const count of [1, 10, 100, 500, 1_000, 10_000]) {
      const nanoseconds = await broadcastNS(count, 1);
      figures[`broadcast${count}`] = nanoseconds;
      figures[`perReader${count}`] = nanoseconds / count;
    }
    return figures;
  },
  async "hub-ns"() {
    const figures: Record<string, number> = {};
    for (const count of [100, 1_000, 10_000]) {
      figures[`dense${count}`] = await broadcastNS(count, 0.95);
      figures[`sparse${count}`] = await broadcastNS(count, 0.05);
    }
    return figures;
  },
  async "hub-publish"() {
    const figures: Record<string, number> = {};
    for (const among of [10, 100_000]) {
      const { same, random } = await publish(among);
      figures[`same${among}`] = same;
      figures[`random${among}`] = random;
    }
    return figures;
  },
};

const figures = await MEASURED[process.argv[2]!]!();
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit();
