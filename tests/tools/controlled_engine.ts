import type { Bytes, Engine, EngineSink, Position } from "@sseserver/sseserver";
import { MemoryEngine } from "../../src/engine.ts";

/** The memory engine, where it lets it work. */
export class ControlledEngine implements Engine {
  /** Whether it refuses what it is given. */
  fails = false;
  /** How many events it was given and did not refuse. */
  published = 0;

  readonly #engine = new MemoryEngine();
  #released: Promise<void> | undefined;
  #release = () => {};

  start(sink: EngineSink): void {
    this.#engine.start(sink);
  }

  /** Has it accept nothing until it is released. */
  hold(): void {
    this.#released = new Promise((resolve) => this.#release = resolve);
  }

  /** Has it accept what it was given meanwhile. */
  release(): void {
    this.#release();
    this.#released = undefined;
  }

  async publish(namespace: string, body: Bytes): Promise<Position> {
    if (this.fails) throw new Error("The engine is away");
    this.published++;
    await this.#released;
    return this.#engine.publish(namespace, body);
  }

  close(): void {
    this.#engine.close();
  }
}
