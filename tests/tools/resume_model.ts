import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decode, HubFixture, NOTHING, type Tap } from "./hub_fixture.ts";
import { broadcastStep, ofNamespaces } from "./hub_model.ts";
import { turns } from "./turns.ts";
import { until } from "./waiting.ts";

const AGE = 60_000;

/** Something that a test does to a hub that remembers. */
export type Step =
  | { do: "broadcast"; namespace: string; size: number }
  | { do: "burst"; namespace: string; count: number }
  | { do: "join"; namespaces: string[]; latest: boolean }
  | { do: "read" | "drop" | "resume" | "flow"; who: number }
  | { do: "wait"; milliseconds: number }
  | { do: "turn" };

/** Any step; one that names a client means the one at `who` modulo their number. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: broadcastStep },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("burst" as const),
      namespace: ofNamespaces,
      count: fc.constantFrom(3, 10, 40),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      namespaces: fc.uniqueArray(ofNamespaces, { minLength: 1, maxLength: 3 }),
      latest: fc.boolean(),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom("read" as const, "read", "drop", "resume", "flow"),
      who: fc.nat({ max: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      milliseconds: fc.constantFrom(1_000, 20_000, AGE),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: "turn" as const }) },
);

/** What may be remembered at most, in a test. */
export const bounds: fc.Arbitrary<
  { messages: number; bytes: number; age: number }
> = fc.record({
  messages: fc.constantFrom(1, 5, 20, 1_000),
  bytes: fc.constantFrom(100, 10_000, 1_000_000),
  age: fc.constantFrom(AGE, 1_000_000),
});

/** An event that was broadcast. */
interface Logged {
  readonly seq: number;
  readonly namespace: string;
  readonly data: string;
}

/** A client as it should be: it keeps the last id, and comes back with it. */
class Client {
  readonly namespaces: readonly string[];
  readonly latest: boolean;
  tap: Tap;
  lastEventId = "";
  /** Where it began; undefined before it was told. */
  from: number | undefined;
  readonly received: number[] = [];
  readonly gaps: { from: number; to: number }[] = [];
  #text = "";
  #chunks = 0;
  #present = true;

  constructor(namespaces: readonly string[], latest: boolean, tap: Tap) {
    this.namespaces = namespaces;
    this.latest = latest;
    this.tap = tap;
    void tap.read();
  }

  /** Whether its stream is open, as far as it knows. */
  get isPresent(): boolean {
    return this.#present && this.tap.end === undefined;
  }

  async drop(): Promise<void> {
    this.take();
    this.#present = false;
    // Fails where it was cut off before it knew.
    await this.tap.leave().catch(() => {});
  }

  comeBack(tap: Tap): void {
    this.tap = tap;
    this.#present = true;
    this.#text = "";
    this.#chunks = 0;
    void tap.read();
  }

  hears(namespace: string): boolean {
    return this.namespaces.some((above) =>
      above === "/" || `${namespace}/`.startsWith(`${above}/`)
    );
  }

  /** Takes what has come; what is cut in the middle is no event (WHATWG HTML 9.2.6). */
  take(log: readonly Logged[] = []): void {
    if (this.#chunks === 0 && this.tap.opening !== "") {
      this.#text = this.tap.opening;
      this.#chunks = 1;
    }
    if (this.#chunks > 0) {
      this.#text += decode(this.tap.chunks.slice(this.#chunks - 1));
      this.#chunks = this.tap.chunks.length + 1;
    }
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop()!;
    for (const block of blocks) this.#takeBlock(block, log);
  }

  #takeBlock(block: string, log: readonly Logged[]): void {
    const field = (name: string) =>
      new RegExp(`^${name}:(.*)$`, "m").exec(block)?.[1];
    const id = field("id");
    // The last messages that come first: no part of the order.
    if (id === undefined) return;
    const seq = placeOf(id);
    const event = field("event");
    if (event === "sse-gap") {
      const { from, to } = JSON.parse(field("data")!);
      const gap = { from: placeOf(from), to: placeOf(to) };
      this.gaps.push(gap);
      this.from ??= gap.from;
    } else if (event === "sse-open") {
      this.from ??= seq;
    } else if (field("data") !== undefined) {
      assert(
        seq > (this.received.at(-1) ?? -1),
        `${seq} came after ${this.received.at(-1)}`,
      );
      const logged = log[seq - 1];
      if (logged) assertEquals(field("data"), logged.data);
      this.received.push(seq);
    }
    // Of a keepalive, this is all there is.
    this.lastEventId = id;
  }
}

function placeOf(id: string): number {
  return Number(id.split("-")[1]);
}

/**
 * What a hub that remembers promises, in the simplest form: every client gets all
 * that its namespaces got since it came, once and in order, however often it drops
 * and comes back, but for what lies within a gap that it was told of; and it is
 * told of none in which nothing is missing.
 */
export class ResumeModel {
  readonly #fixture: HubFixture;
  readonly #log: Logged[] = [];
  readonly #clients: Client[] = [];

  constructor(history: { messages: number; bytes: number; age: number }) {
    this.#fixture = new HubFixture({ history, keepAlive: 15_000 });
  }

  /** Does a step. */
  async run(step: Step): Promise<void> {
    switch (step.do) {
      case "broadcast":
        return this.#broadcast(step.namespace, step.size);
      case "burst":
        for (let i = 0; i < step.count; i++) {
          this.#broadcast(step.namespace, 30);
        }
        return;
      case "turn":
        return await turns(2);
      case "wait":
        return await this.#fixture.clock.advance(step.milliseconds);
      case "join": {
        const { namespaces, latest } = step;
        const tap = this.#fixture.resume({ latest }, ...namespaces);
        this.#clients.push(new Client(namespaces, latest, tap));
        return;
      }
    }
    const client = this.#clients[step.who % this.#clients.length];
    if (client === undefined) return;
    client.take(this.#log);
    if (step.do === "resume") {
      if (!client.isPresent) this.#resume(client);
    } else if (client.isPresent) {
      if (step.do === "read") void client.tap.read();
      if (step.do === "flow") client.tap.flow();
      if (step.do === "drop") await client.drop();
    }
  }

  /** Has every client come back and read all there is, and compares. */
  async check(): Promise<void> {
    const { hub, clock } = this.#fixture;
    for (const client of this.#clients) {
      client.take(this.#log);
      if (!client.isPresent) this.#resume(client);
      client.tap.flow();
      await this.#settles(client);
      this.#checkOne(client);
    }
    for (const client of this.#clients) await client.drop();
    assertEquals(hub.counts, NOTHING);
    assertEquals(clock.timers, 0);
  }

  /** A marker that everybody hears comes last, so all before it has come. */
  async #settles(client: Client): Promise<void> {
    const broadcastLast = () => {
      this.#broadcast(client.namespaces[0]!, 10);
      return this.#log.length;
    };
    let last = broadcastLast();
    await until(() => {
      client.take(this.#log);
      // It was cut off for not reading, and only now gets to know.
      if (!client.isPresent) {
        this.#resume(client).tap.flow();
        // It had not been told yet where it began, so it begins now.
        if (client.lastEventId === "") last = broadcastLast();
      }
      return client.received.at(-1) === last ||
        client.gaps.some(({ to }) => to >= last);
    }, `the last event of those from ${client.from}`);
  }

  #checkOne(client: Client): void {
    const { received, gaps, from = 0 } = client;
    const heard = new Set(received);
    const missing = this.#log.filter(({ seq, namespace }) =>
      seq > from && !heard.has(seq) && client.hears(namespace)
    );
    for (const { seq } of missing) {
      assert(
        gaps.some((gap) => gap.from < seq && seq <= gap.to),
        `${seq} never came, and no gap was told: ${JSON.stringify(gaps)}`,
      );
    }
    for (const gap of gaps) {
      assert(
        missing.some(({ seq }) => gap.from < seq && seq <= gap.to),
        `Nothing is missing in ${JSON.stringify(gap)}`,
      );
    }
    for (const seq of received) {
      const { namespace } = this.#log[seq - 1]!;
      assert(client.hears(namespace), namespace);
      assert(seq > from);
    }
  }

  #resume(client: Client): Client {
    const { lastEventId, latest, namespaces } = client;
    client.comeBack(
      this.#fixture.resume({ lastEventId, latest }, ...namespaces),
    );
    return client;
  }

  #broadcast(namespace: string, size: number): void {
    const seq = this.#log.length + 1;
    const data = `${seq} `.padEnd(size, "x");
    this.#log.push({ seq, namespace, data });
    this.#fixture.broadcast(namespace, data);
  }
}
