import { MAX_DEPTH, PLACES } from "./namespaces.ts";
import { type Planned, planned } from "./schedule.ts";

/** Events that are worked out at a time. */
const BLOCK_EVENTS = 1_024;
/** Blocks kept at hand: few clients are further behind, and any can be redone. */
const BLOCKS = 256;

const LEVELS = MAX_DEPTH + 1;

/** Some events in a row. */
interface Block {
  readonly events: readonly Planned[];
  /** For each event and each level of its place: how many there were, with it. */
  readonly ranks: Uint32Array;
}

/**
 * What is published, worked out from the seed: event by event, and for each place
 * how many came to it or below it.
 *
 * Takes about one byte an event for as long as it lives, and a few megabytes.
 */
export class Truth {
  readonly #seed: number;
  readonly #blocks: Map<number, Block> = new Map();
  /** For each block, how many events of each place came before it. */
  readonly #before: Uint32Array[] = [new Uint32Array(PLACES.length)];
  #at = -1;
  #block: Block | undefined;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The `seq`th event; the first is 1. */
  event(seq: number): Planned {
    return this.#blockOf(seq).events[(seq - 1) % BLOCK_EVENTS]!;
  }

  /** How many events came to the event's place at a depth or below it, with it. */
  rank(seq: number, depth: number): number {
    return this.#blockOf(seq)
      .ranks[((seq - 1) % BLOCK_EVENTS) * LEVELS + depth]!;
  }

  /** How many of the first `seq` events came to a place or below it. */
  count(place: number, seq: number): number {
    const { depth } = PLACES[place]!;
    const { events } = this.#blockOf(Math.max(1, seq));
    // From the last one that did, in the block; else from before the block.
    for (let i = (seq - 1) % BLOCK_EVENTS; i >= 0; i--) {
      if (PLACES[events[i]!.place]!.chain[depth] !== place) continue;
      return this.rank(seq - (seq - 1) % BLOCK_EVENTS + i, depth);
    }
    return this.#before[Math.floor((Math.max(1, seq) - 1) / BLOCK_EVENTS)]![
      place
    ]!;
  }

  #blockOf(seq: number): Block {
    const at = Math.floor((seq - 1) / BLOCK_EVENTS);
    if (at === this.#at) return this.#block!;
    // Blocks before it have to be known for how many came before.
    for (let next = this.#before.length; next <= at; next++) {
      this.#before.push(this.#work(next - 1).after);
    }
    let block = this.#blocks.get(at);
    if (block === undefined) {
      block = this.#work(at).block;
      this.#blocks.set(at, block);
      if (this.#blocks.size > BLOCKS) {
        const [oldest] = this.#blocks.keys();
        this.#blocks.delete(oldest!);
      }
    }
    this.#at = at;
    return this.#block = block;
  }

  #work(at: number): { block: Block; after: Uint32Array } {
    const counts = this.#before[at]!.slice();
    const ranks = new Uint32Array(BLOCK_EVENTS * LEVELS);
    const events = Array.from({ length: BLOCK_EVENTS }, (_, i) => {
      const event = planned(this.#seed, at * BLOCK_EVENTS + i + 1);
      PLACES[event.place]!.chain.forEach((place, depth) => {
        ranks[i * LEVELS + depth] = ++counts[place]!;
      });
      return event;
    });
    return { block: { events, ranks }, after: counts };
  }
}
