import type { Bytes } from "./slab.ts";
import { seal, type Segment } from "./segment.ts";

/** Stands where there is no frame. */
const NO_BYTES: Bytes = new Uint8Array(0);

/**
 * A namespace that somebody hears, and what this turn has brought it.
 *
 * A publish stops here: it costs one look-up and one push a level, however
 * many channels hear the namespace.
 */
export class Topic<Channel> {
  /** Normalised. */
  readonly namespace: string;
  /** Who hears it. */
  readonly channels: Set<Channel> = new Set();
  /** How many frames came this turn. */
  count = 0;
  /** Size of all frames together. */
  bytes = 0;
  /** Whether nothing more is to come to it or below it. */
  hasEnded = false;
  /** What has come since somebody hears it; `lastAt` in ms since the Unix epoch. */
  readonly heard: { events: number; bytes: number; lastAt: number } = {
    events: 0,
    bytes: 0,
    lastAt: 0,
  };
  /** The first `count` are what came this turn, not yet joined. */
  #frames: Bytes[] = [];
  /** The frames' places in the server's order; rising. */
  #orders: number[] = [];
  #sealed: Segment[] | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Takes a frame. */
  add(frame: Bytes, order: number): void {
    this.#frames[this.count] = frame;
    this.#orders[this.count] = order;
    this.count++;
    this.bytes += frame.length;
  }

  /** The frames of this turn joined: once, for all channels that hear only them. */
  sealed(): readonly Segment[] {
    return this.#sealed ??= seal(this.#frames, this.count);
  }

  /** Calls back with each of them and its place. */
  forEach(callback: (frame: Bytes, order: number) => void): void {
    for (let i = 0; i < this.count; i++) {
      callback(this.#frames[i]!, this.#orders[i]!);
    }
  }

  /** Begins the next turn; `now` in milliseconds since the Unix epoch. */
  clear(now: number): void {
    this.heard.events += this.count;
    this.heard.bytes += this.bytes;
    this.heard.lastAt = now;
    if (this.count === 1) {
      // Keeps what little memory the arrays have: with many topics that get an event
      // now and then, new ones would be most of what is to be collected.
      this.#frames[0] = NO_BYTES;
    } else {
      this.#frames = [];
      this.#orders = [];
    }
    this.count = this.bytes = 0;
    this.#sealed = undefined;
  }
}

/**
 * Joins what came through several topics this turn, in the server's order. No
 * event is in two of them, as a channel's namespaces never lie below one another;
 * what everyone is to hear is in all of them.
 */
export function sealMerged(
  topics: readonly Topic<unknown>[],
): readonly Segment[] {
  if (topics.length === 1) return topics[0]!.sealed();
  const placed: { frame: Bytes; order: number }[] = [];
  for (const topic of topics) {
    topic.forEach((frame, order) => placed.push({ frame, order }));
  }
  placed.sort((a, b) => a.order - b.order);
  const frames = placed
    .filter(({ order }, i) => order !== placed[i - 1]?.order)
    .map(({ frame }) => frame);
  return seal(frames, frames.length);
}
