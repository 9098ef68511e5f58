import { clearTimeout, setTimeout } from "node:timers";
import type { Publishing } from "./command.ts";
import { Stamps } from "./stamps.ts";

/** Broadcasts data. */
export type Broadcast = (namespace: string, data: string) => unknown;

/**
 * Milliseconds by which a timer may be late. An event that is broadcast later than
 * that is stamped with the time at which it was due: a server that is too busy to
 * publish must not look fast.
 */
const TOLERANCE = 2;

/** Broadcasts numbered and stamped events at a rate. */
export class Pace {
  readonly #broadcast: Broadcast;
  readonly #stamps = new Stamps();
  #namespaces: readonly string[] = [];
  /** The next number of each. */
  #next: Uint32Array = new Uint32Array();
  #random = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(broadcast: Broadcast) {
    this.#broadcast = broadcast;
  }

  /** Broadcasts so from now on. */
  set({ rate, namespace, among = 1 }: Publishing): void {
    clearTimeout(this.#timer);
    if (this.#namespaces.length !== among) {
      this.#namespaces = Array.from(
        { length: among },
        (_, i) => namespace.replace("*", `${i}`),
      );
      this.#next = new Uint32Array(among);
    }
    if (rate > 0) this.#tick(rate, performance.now(), 0);
  }

  /** Broadcasts so many at once. */
  burst(count: number): void {
    for (let i = 0; i < count; i++) this.#send(performance.now());
  }

  #tick(rate: number, begun: number, sent: number): void {
    const now = performance.now();
    const due = Math.floor((now - begun) / 1000 * rate) + 1;
    let i = sent;
    for (; i < due; i++) {
      this.#send(Math.min(now, begun + i / rate * 1000 + TOLERANCE));
    }
    const wait = Math.max(1, begun + i / rate * 1000 - performance.now());
    this.#timer = setTimeout(() => this.#tick(rate, begun, i), wait);
  }

  /** @param at When it counts as broadcast, in milliseconds as performance.now(). */
  #send(at: number): void {
    const { length } = this.#namespaces;
    const chosen = length === 1 ? 0 : this.#randomBelow(length);
    const data = this.#stamps.data(this.#next[chosen]!++, at);
    this.#broadcast(this.#namespaces[chosen]!, data);
  }

  /** The same in every run (Lehmer's generator). */
  #randomBelow(bound: number): number {
    this.#random = this.#random * 48_271 % 0x7fffffff;
    return this.#random % bound;
  }
}
