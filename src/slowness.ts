import type { Reader } from "./reader.ts";
import { SPREAD } from "./waiting_line.ts";

/** What a channel is judged by. */
export interface Judged {
  readonly readers: ReadonlySet<Reader>;
  /** Bytes that it retains for the slowest of them. */
  readonly backlog: number;
  /** The furthest that any reader got, less its head start, in bytes. */
  readonly lead: number;
  /** Bytes between a reader and the end. */
  lag(reader: Reader): number;
  /** For how long data has been waiting for the reader to ask for it, in active time. */
  waiting(reader: Reader): number;
}

/**
 * How long a reader may be too far behind, in active time (ms), on a server that
 * has time for everyone, or leave data untouched on one that has not, before that
 * alone shows that it is slow. A burst makes anyone lag for a moment.
 */
const PATIENCE = 5_000;

/** Finds the readers of a channel that are slow by their own fault. */
export class Slowness {
  readonly #channel: Judged;
  /** Size of the backlog at which they are looked for again. */
  #checkAt = 0;
  /** Since when the backlog is too large though the server is not busy. */
  #overSince = Infinity;

  constructor(channel: Judged) {
    this.#channel = channel;
  }

  /**
   * Those that are more than `maxLag` bytes behind while others got on, or for
   * long though the server had time for everyone. When even the fastest is behind
   * on a busy server, it is the server that is slow.
   *
   * Looks at all readers, so during a turn only when the backlog has grown since
   * the last time.
   */
  find(
    maxLag: number,
    { activeTime, busy, duringTurn }: {
      readonly activeTime: number;
      readonly busy: boolean;
      readonly duringTurn: boolean;
    },
  ): Reader[] {
    const { backlog, readers, lead } = this.#channel;
    if (backlog <= maxLag) this.#checkAt = 0;
    if (backlog <= maxLag || busy) this.#overSince = Infinity;
    else this.#overSince = Math.min(this.#overSince, activeTime);
    const overlong = activeTime - this.#overSince >= PATIENCE;
    if (backlog <= maxLag || (duringTurn && backlog < this.#checkAt)) return [];
    this.#checkAt = backlog + maxLag / 8;
    const spread = busy ? SPREAD : 0;
    return [...readers].filter((reader) => {
      // Who replays retains nothing.
      if (reader.replay !== undefined || reader.parked) return false;
      if (this.#channel.lag(reader) <= maxLag) return false;
      const reached = reader.at.start - reader.headStart;
      return overlong || lead - reached > maxLag + spread ||
        this.#channel.waiting(reader) >= PATIENCE;
    });
  }
}
