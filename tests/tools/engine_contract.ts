import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Engine, type EngineRecord, formatId } from "../../src/engine.ts";
import type { Bytes } from "../../mod.ts";
import { until } from "./waiting.ts";

/** An engine that runs, and all that it has delivered. */
interface Running {
  readonly engine: Engine;
  readonly delivered: EngineRecord[];
}

/** No UTF-8, no frame, nothing at all: an engine never looks into a body. */
const BODIES: Bytes[] = [
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  Uint8Array.of(0xff, 0xfe, 0x0d, 0x0a, 0x00),
  new TextEncoder().encode("data:x\n\n"),
];

/**
 * What every engine has to keep of {@linkcode Engine}'s contract. `create`
 * makes one that has not been started and shares nothing with the others.
 */
export function engineContract(
  name: string,
  create: () => Engine,
  options: { readonly ignore?: boolean } = {},
): void {
  describe(`the contract of an engine, kept by ${name}`, options, () => {
    it("gives places that rise by one from 1, in the order of the calls", async () => {
      await using(create, async ({ engine }) => {
        // Not waited for one by one: the order of the calls has to hold.
        const places = await Promise.all(
          Array.from({ length: 100 }, (_, i) => engine.publish("/x", body(i))),
        );
        assertEquals(places.map(({ seq }) => seq), range(1, 100));
        assertEquals(new Set(places.map(({ epoch }) => epoch)).size, 1);
      });
    });

    it("delivers every event exactly once, in the order of the places", async () => {
      await using(create, async ({ engine, delivered }) => {
        const places = await Promise.all(
          Array.from(
            { length: 100 },
            (_, i) => engine.publish(`/${i % 7}`, body(i)),
          ),
        );
        await until(() => delivered.length >= 100, "the last event");
        assertEquals(
          delivered.map(({ epoch, seq, namespace, body }) =>
            `${epoch} ${seq} ${namespace} ${body}`
          ),
          places.map(({ epoch, seq }, i) =>
            `${epoch} ${seq} /${i % 7} ${body(i)}`
          ),
        );
      });
    });

    it("leaves bodies and namespaces as they are", async () => {
      await using(create, async ({ engine, delivered }) => {
        const namespaces = ["/", "/é 🐕/%2F", "/__proto__"];
        for (const [i, namespace] of namespaces.entries()) {
          await engine.publish(namespace, BODIES[i]!);
        }
        await until(() => delivered.length === 3, "three events");
        assertEquals(delivered.map(({ namespace }) => namespace), namespaces);
        assertEquals(delivered.map(({ body }) => body), BODIES);
      });
    });

    it("makes ids of letters, digits and a dash, under 64 characters", async () => {
      await using(create, async ({ engine }) => {
        const place = await engine.publish("/x", body(0));
        assertMatch(formatId(place), /^[0-9A-Za-z]{1,40}-1$/);
      });
    });

    it("has an epoch that no other has", async () => {
      const epochs: string[] = [];
      for (let i = 0; i < 3; i++) {
        await using(create, async ({ engine }) => {
          epochs.push((await engine.publish("/x", body(0))).epoch);
        });
      }
      assertNotEquals(epochs[0], epochs[1]);
      assertEquals(new Set(epochs).size, 3);
    });

    it("has delivered what it accepted by the time it has closed", async () => {
      const delivered: EngineRecord[] = [];
      const engine = create();
      await start(engine, delivered);
      const places = range(1, 20).map((i) => engine.publish("/x", body(i)));
      await Promise.all(places);
      await engine.close();
      assertEquals(delivered.map(({ seq }) => seq), range(1, 20));
      await new Promise((resolve) => setTimeout(resolve, 20));
      assertStrictEquals(delivered.length, 20);
    });
  });
}

async function using(
  create: () => Engine,
  test: (running: Running) => Promise<void>,
): Promise<void> {
  const delivered: EngineRecord[] = [];
  const engine = create();
  await start(engine, delivered);
  try {
    await test({ engine, delivered });
  } finally {
    await engine.close();
  }
}

async function start(
  engine: Engine,
  delivered: EngineRecord[],
): Promise<void> {
  await engine.start({
    begin() {},
    restore: (record) => delivered.push(record),
    deliver: (record) => delivered.push(record),
  }, {
    history: { messages: 1_000, bytes: 1_000_000, age: 60_000 },
    report: (error) => {
      throw error;
    },
  });
}

function body(i: number): Bytes {
  return new TextEncoder().encode(`data:${i}\n\n`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
