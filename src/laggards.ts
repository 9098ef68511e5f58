import type { Retained } from "./backlog.ts";
import type { Channel } from "./channel.ts";
import type { Reader } from "./reader.ts";

/** Why a reader that does not keep up is cut off. */
export type LagReason = "slow" | "stalled";

/** How far readers may fall behind. */
export interface LagLimits {
  /** Bytes behind the fastest reader of the same channel. */
  readonly maxLag: number;
  /** Milliseconds for which data may wait. */
  readonly stallTimeout: number;
  /** Bytes that all channels together may retain. */
  readonly bufferedBytes: number;
}

/** Over the limit, so much more of it is freed than has to be: it is not to be the next turn's work again. */
const SPARE = 1 / 8;

/** The channels with a reader that has something to take, and who of these has to go. */
export class Laggards {
  readonly #limits: LagLimits;
  readonly #retained: Retained;
  readonly #drop: (reader: Reader, reason: LagReason) => void;
  readonly #channels: Set<Channel> = new Set();

  /** @param drop Cuts a reader off. */
  constructor(
    limits: LagLimits,
    retained: Retained,
    drop: (reader: Reader, reason: LagReason) => void,
  ) {
    this.#limits = limits;
    this.#retained = retained;
    this.#drop = drop;
  }

  /** Takes note of a channel with a reader that catches up. */
  add(channel: Channel): void {
    this.#channels.add(channel);
  }

  /** Forgets a channel that has no readers any more. */
  delete(channel: Channel): void {
    this.#channels.delete(channel);
  }

  /** Looks at who did not keep up with what was sent. */
  afterSending(channels: Iterable<Channel>): void {
    for (const channel of channels) {
      if (!channel.isBehind) continue;
      this.#channels.add(channel);
      for (const reader of channel.slow(this.#limits.maxLag, true)) {
        this.#drop(reader, "slow");
      }
    }
    this.#keepWithinBudget();
  }

  /** Looks at all of them, so many milliseconds after the last time. */
  onBeat(interval: number): void {
    const { stallTimeout, maxLag } = this.#limits;
    for (const channel of this.#channels) {
      // What began to wait since a beat counts from that beat on.
      for (const reader of channel.stalled(stallTimeout + interval)) {
        this.#drop(reader, "stalled");
      }
      for (const reader of channel.slow(maxLag, false)) {
        this.#drop(reader, "slow");
      }
      if (!channel.isBehind) this.#channels.delete(channel);
    }
  }

  /** Over the limit, whoever is furthest behind on what retains most has to go. */
  #keepWithinBudget(): void {
    const { bufferedBytes } = this.#limits;
    if (this.#retained.bytes <= bufferedBytes) return;
    const channels = [...this.#channels].sort((a, b) => b.backlog - a.backlog);
    for (const channel of channels) {
      const excess = this.#retained.bytes - bufferedBytes;
      if (excess <= 0) return;
      const wanted = excess + bufferedBytes * SPARE;
      for (const reader of channel.furthestBehind(wanted)) {
        this.#drop(reader, "slow");
      }
    }
  }
}
