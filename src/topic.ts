import type { Bytes } from "./slab.ts";
import { seal, type Segment } from "./segment.ts";

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
  /** What came this turn, not yet joined. */
  frames: Bytes[] = [];
  /** The frames' places in the server's order; rising. */
  orders: number[] = [];
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
  #sealed: Segment[] | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Takes a frame. */
  add(frame: Bytes, order: number): void {
    this.frames.push(frame);
    this.orders.push(order);
    this.bytes += frame.length;
  }

  /** The frames of this turn joined: once, for all channels that hear only them. */
  sealed(): readonly Segment[] {
    return this.#sealed ??= seal(this.frames);
  }

  /** Begins the next turn; `now` in milliseconds since the Unix epoch. */
  clear(now: number): void {
    this.heard.events += this.frames.length;
    this.heard.bytes += this.bytes;
    this.heard.lastAt = now;
    this.frames = [];
    this.orders = [];
    this.bytes = 0;
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
  for (const { frames, orders } of topics) {
    frames.forEach((frame, i) => placed.push({ frame, order: orders[i]! }));
  }
  placed.sort((a, b) => a.order - b.order);
  return seal(
    placed.filter(({ order }, i) => order !== placed[i - 1]?.order)
      .map(({ frame }) => frame),
  );
}
