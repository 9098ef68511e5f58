import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { HubFixture, NOTHING, type Tap } from "./hub_fixture.ts";
import { turns } from "./turns.ts";

const NAMESPACES = ["/", "/a", "/a/b", "/a/c", "/ab", "/b"];
const SIZES = [0, 1, 20, 20, 20, 1_000, 33_000, 140_000];

/** Something that a test does to a hub. */
export type Step =
  | { do: "broadcast"; namespace: string; size: number }
  | { do: "trickle"; namespace: string; count: number }
  | { do: "join"; namespaces: string[] }
  | { do: "read" | "leave" | "flow"; who: number }
  | { do: "turn" };

/** A namespace of those that lie above, below and beside one another. */
export const ofNamespaces: fc.Arbitrary<string> = fc.constantFrom(
  ...NAMESPACES,
);
/** A broadcast, most often of something short. */
export const broadcastStep: fc.Arbitrary<
  { do: "broadcast"; namespace: string; size: number }
> = fc.record({
  do: fc.constant("broadcast" as const),
  namespace: ofNamespaces,
  size: fc.constantFrom(...SIZES),
});
const who = fc.nat({ max: 20 });
/** Any step; one that names a reader means the one at `who` modulo their number. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: broadcastStep },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("trickle" as const),
      namespace: ofNamespaces,
      count: fc.constantFrom(10, 65, 130),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      namespaces: fc.uniqueArray(ofNamespaces, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("read" as const, "read", "leave", "flow"),
      who,
    }),
  },
  { weight: 5, arbitrary: fc.constant({ do: "turn" as const }) },
);

/** A reader, and which part of the log it was there for. */
interface Listener {
  readonly tap: Tap;
  readonly own: readonly string[];
  readonly from: number;
  to: number | undefined;
}

/**
 * What a hub promises, in the simplest form: there is one log of all events, and
 * a reader hears of it what matches, from when it came until it left.
 */
export class HubModel {
  readonly #fixture: HubFixture = new HubFixture();
  readonly #log: { namespace: string; frame: string }[] = [];
  readonly #listeners: Listener[] = [];

  /** Does a step, to the hub and to the model. */
  async run(step: Step): Promise<void> {
    await this.#do(step);
    const { retainedBytes } = this.#fixture.hub.counts;
    for (const { tap } of this.#present()) {
      assertLessOrEqual(tap.reader.lag, retainedBytes);
    }
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "broadcast":
        return this.#broadcast(step.namespace, step.size);
      case "trickle":
        for (let i = 0; i < step.count; i++) {
          this.#broadcast(step.namespace, 20);
          await turns();
        }
        return;
      case "turn":
        return await turns();
      case "join":
        return this.#join(step.namespaces);
    }
    const present = this.#present();
    const listener = present[step.who % present.length];
    if (listener === undefined) return;
    if (step.do === "read") void listener.tap.read();
    if (step.do === "flow") listener.tap.flow();
    if (step.do === "leave") {
      listener.to = this.#log.length;
      await listener.tap.leave();
    }
  }

  /** Has everyone who is still there read all there is, and compares. */
  async check(): Promise<void> {
    const { hub, clock, ended } = this.#fixture;
    for (const listener of this.#listeners) {
      const { tap, to } = listener;
      const expected = this.#heardBy(listener).join("");
      if (to === undefined) {
        tap.flow();
        await tap.hears(expected);
      } else {
        assert(
          expected.startsWith(tap.heard),
          `${tap.heard.slice(0, 500)} is not how this begins: ${
            expected.slice(0, 500)
          }`,
        );
      }
    }
    assertEquals(
      [...hub.streams()].map(({ sent }) => sent),
      this.#present().map((listener) => this.#heardBy(listener).length),
    );
    assertEquals(hub.counts.retainedBytes, 0);
    for (const { tap } of this.#present()) await tap.leave();
    assertEquals(hub.counts, NOTHING);
    assertEquals(clock.timers, 0);
    assertEquals(
      [...ended.values()],
      this.#listeners.map(() => "client" as const),
    );
  }

  #broadcast(namespace: string, size: number): void {
    const data = `${this.#log.length} `.padEnd(size, "x");
    const frame = this.#fixture.broadcast(namespace, data);
    this.#log.push({ namespace, frame });
  }

  #join(own: readonly string[]): void {
    const tap = this.#fixture.open(...own);
    void tap.read();
    const from = this.#log.length;
    this.#listeners.push({ tap, own, from, to: undefined });
  }

  #present(): Listener[] {
    return this.#listeners.filter(({ to }) => to === undefined);
  }

  #heardBy({ own, from, to }: Listener): string[] {
    return this.#log.slice(from, to).filter(({ namespace }) =>
      own.some((above) =>
        above === "/" || `${namespace}/`.startsWith(`${above}/`)
      )
    ).map(({ frame }) => frame);
  }
}
