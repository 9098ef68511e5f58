import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";
import { blocksIn } from "./documents.ts";
import { RunningPrograms } from "./running_programs.ts";

/** Pages that load the state. */
const PAGES = 8;
/** Changes that each of them waits for. */
const CHANGES = 20;

interface Snapshot {
  readonly items: { readonly apples?: number };
  readonly asOf: string;
}

describe("docs/state.md", () => {
  it("has a snapshot and its changes fit, whenever a page loads them", async () => {
    const block = blocksIn("docs/state.md").find(({ code }) =>
      code.includes("asOf")
    )!;
    const code = adapted(block.code);
    await using running = new RunningPrograms(
      [{ block: { ...block, code }, sends: undefined }],
      undefined,
    );
    const { ports: [port] } = await running.started(block);
    for (let i = 0; i < PAGES; i++) {
      await checkPage(port!);
      await sleep(Math.random() * 5);
    }
    assertEquals(running.failures, []);
  });
});

/** The program with changes all the time, and an engine that takes some. */
function adapted(code: string): string {
  const changes = [
    [".catch(console.error), 100)", ".catch(console.error), 5)"],
    ["{ history: true }", "{ history: true, engine: new SlowEngine() }"],
  ] as const;
  return changes.reduce((text, [from, to]) => {
    assertStringIncludes(text, from);
    return text.replace(from, to);
  }, `import { SlowEngine } from "../../tools/slow_engine.ts";\n${code}`);
}

/** Does what the page does, with a pause in which the state changes. */
async function checkPage(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/stock`);
  const { items, asOf }: Snapshot = await answer.json();
  await sleep(Math.random() * 20);
  const client = new RawClient(
    port,
    `/subscribe/stock?lastEventId=${asOf}`,
  );
  const changes = () => [
    ...client.body.matchAll(/^id:\w+-(\d+)\nevent:change\ndata:(.*)\n\n/gm),
  ];
  await until(
    () => changes().length >= CHANGES,
    () => `changes in ${client.body}`,
  );
  client.leave();
  let { apples = 0 } = items;
  for (const [, seq, data] of changes()) {
    const { item, by } = JSON.parse(data!);
    assertEquals(item, "apples");
    apples += by;
    // The first event is no change, each further one adds an apple.
    assertEquals(apples, Number(seq) - 1);
  }
  assert(!client.body.includes("sse-gap"), client.body);
}
