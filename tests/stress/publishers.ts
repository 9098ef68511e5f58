import type { SSEServer } from "@sseserver/sseserver";
import { setImmediate } from "node:timers";
import { Random } from "./random.ts";
import { messageOf } from "./schedule.ts";

/** How many publish at the same time. */
const PUBLISHERS = 8;

/** Most messages that one broadcasts at once. */
const BURST = 100;

/**
 * Publish what is planned, in bursts and as fast as they can: each waits for
 * `publish()`, as a publisher should that does not want to swamp the server, and
 * for the event loop to go round. None goes past the limit that the driver sets.
 */
export class Publishers {
  readonly #sse: SSEServer;
  readonly #seed: number;
  #epoch = "";
  #seq = 0;
  #limit = 0;
  #raised: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(sse: SSEServer, seed: number) {
    this.#sse = sse;
    this.#seed = seed;
  }

  /** Publishes the first event; resolves with the epoch. */
  async first(): Promise<string> {
    const id = await this.#sse.publish(this.#next());
    this.#epoch = id.slice(0, id.lastIndexOf("-"));
    this.#limit = this.#seq;
    return this.#epoch;
  }

  /** Starts them; nothing is published before the limit is raised. */
  start(report: (error: unknown) => void): void {
    for (let i = 0; i < PUBLISHERS; i++) {
      this.#run(Random.nth(this.#seed, i)).catch(report);
    }
  }

  /** Lets them publish up to an event. */
  raise(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    this.#raised.resolve();
    this.#raised = Promise.withResolvers();
  }

  /** Has them publish nothing more; returns the last event. */
  stop(): number {
    return this.#limit = this.#seq;
  }

  async #run(random: Random): Promise<never> {
    for (;;) {
      while (this.#seq >= this.#limit) await this.#raised.promise;
      const burst = random.below(BURST);
      for (let i = 0; i < burst && this.#seq < this.#limit; i++) {
        this.#sse.broadcast(this.#next());
      }
      if (this.#seq < this.#limit) await this.#publish();
      // Otherwise all of it would go on in microtasks.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async #publish(): Promise<void> {
    // The place is given at once, so numbers and places stay in step.
    const message = this.#next();
    const expected = `${this.#epoch}-${this.#seq}`;
    const id = await this.#sse.publish(message);
    if (id !== expected) {
      throw new Error(`publish() gave the id ${id} instead of ${expected}`);
    }
  }

  #next(): ReturnType<typeof messageOf> {
    return messageOf(this.#seed, ++this.#seq);
  }
}
