import type { Bytes, Engine, EngineSink, Position } from "@sseserver/sseserver";
import { MemoryEngine } from "../../src/engine.ts";

/** Milliseconds to one that is across a network, and from it. */
const WAY = 2;

/** The memory engine at a distance: an event is delivered before its publisher knows. */
export class SlowEngine implements Engine {
  readonly #engine = new MemoryEngine();

  start(sink: EngineSink): void {
    this.#engine.start(sink);
  }

  async publish(namespace: string, body: Bytes): Promise<Position> {
    await sleep(WAY);
    const position = this.#engine.publish(namespace, body);
    await sleep(WAY);
    return position;
  }

  close(): void {
    this.#engine.close();
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
