import { Backlog, NOWHERE, type Retained } from "./backlog.ts";
import type { Counters } from "./counters.ts";
import type { Replay } from "./history/history.ts";
import type { Bytes } from "./slab.ts";
import type { Reader, ReaderFeed } from "./reader.ts";
import { ReadyReaders } from "./ready.ts";
import { type Judged, Slowness } from "./slowness.ts";
import { sealMerged, type Topic } from "./topic.ts";

/** What a channel needs of its hub. */
export interface ChannelHost {
  /** Milliseconds for which the event loop has run. */
  readonly activeTime: number;
  /** What is counted of all channels. */
  readonly counters: Counters;
  /** What all channels retain. */
  readonly retained: Retained;
  /** More readers wait than a turn can serve. */
  readonly saturated: boolean;
  /** That was so not long ago. */
  readonly busy: boolean;
  /** Has {@linkcode Channel.serve} called when its turn comes. */
  park(reader: Reader): void;
  /** Takes note that the client has gone. */
  left(reader: Reader): void;
  /** Ends a stream that will hear nothing more. */
  finished(reader: Reader): void;
  /** Cuts off a reader that cannot go on with the event it has begun. */
  outrun(reader: Reader): void;
}

/**
 * Everyone who hears exactly the same bytes.
 *
 * What was broadcast is joined into segments once a turn; readers are cursors
 * into them. A segment is kept until the slowest reader has taken it. Those who
 * come back to something they have missed take it from the history first, and
 * hold nothing here until they have come to the present.
 */
export class Channel implements ReaderFeed, Judged {
  /** Identifies it within the hub. */
  readonly key: string;
  /** The namespaces that it hears. */
  readonly topics: readonly Topic<Channel>[];
  readonly readers: Set<Reader> = new Set();
  /** Those of them that have not come to the present yet. */
  readonly #replaying: Set<Reader> = new Set();
  /** The furthest that any reader got, less its head start, in bytes. */
  lead = 0;

  readonly #host: ChannelHost;
  readonly #backlog: Backlog;
  readonly #ready: ReadyReaders = new ReadyReaders();
  /** Those of its topics that have frames this turn, if it has several. */
  #touched: Topic<Channel>[] = [];
  readonly #slowness: Slowness = new Slowness(this);

  constructor(
    key: string,
    topics: readonly Topic<Channel>[],
    host: ChannelHost,
  ) {
    this.key = key;
    this.topics = topics;
    this.#host = host;
    this.#backlog = new Backlog(host.retained);
  }

  /** Bytes that it retains for the slowest of its readers. */
  get backlog(): number {
    return this.#backlog.bytes;
  }

  /** Whether some reader has something to take that was there before. */
  get isBehind(): boolean {
    return this.#backlog.bytes > 0 || this.#replaying.size > 0;
  }

  /** Takes a reader in, from its place in the history or from the present on. */
  add(reader: Reader): void {
    reader.takenAt = this.#host.activeTime;
    if (reader.replay === undefined) this.#join(reader);
    else this.#replaying.add(reader);
    this.readers.add(reader);
  }

  /**
   * Has a reader hear what comes from now on, and nothing of what this turn has
   * brought so far. That will be joined with what is still to come, so the
   * reader skips as many bytes as are pending now.
   */
  #join(reader: Reader): void {
    let pending = 0;
    let pendingEvents = 0;
    for (const topic of this.topics) {
      pending += topic.bytes;
      pendingEvents += topic.count;
    }
    const { end } = this.#backlog;
    reader.at = end;
    reader.skip = pending;
    reader.joinedAt = end.start + pending;
    reader.joinedEvents = end.events + pendingEvents;
    if (this.#live === 0) this.lead = reader.joinedAt;
    // On a saturated server everyone is behind, and one who begins at the end
    // would make them all look slow: until the server has recovered it counts
    // from where the fastest stands.
    reader.headStart = Math.max(0, reader.joinedAt - this.lead);
    end.readers++;
  }

  /** How many readers have come to the present; one that just does is none yet. */
  get #live(): number {
    return this.readers.size - this.#replaying.size;
  }

  /** Forgets a reader. */
  remove(reader: Reader): void {
    if (!this.readers.delete(reader)) return;
    if (this.#replaying.delete(reader)) return;
    reader.at.readers--;
    reader.at = NOWHERE;
    this.#ready.delete(reader);
    this.#backlog.tidy();
  }

  /** Takes note that a topic has frames; returns whether it is the first one. */
  touch(topic: Topic<Channel>): boolean {
    return this.topics.length === 1 || this.#touched.push(topic) === 1;
  }

  /** Joins what came this turn through its topics. */
  seal(): void {
    const { activeTime } = this.#host;
    if (this.topics.length === 1) {
      for (const segment of this.topics[0]!.sealed()) {
        this.#backlog.append(segment, activeTime);
      }
      return;
    }
    for (const segment of sealMerged(this.#touched)) {
      this.#backlog.append(segment, activeTime);
    }
    this.#touched = [];
  }

  /** Hands the ready readers their next segment. */
  flush(): void {
    // Whoever keeps up must not get ahead of those who already wait, or they
    // would fall behind for good and be taken for slow.
    const { saturated } = this.#host;
    this.#ready.drain((reader) => {
      if (saturated) this.#host.park(reader);
      else this.serve(reader);
    });
    this.#backlog.tidy();
  }

  /** The connection asks for more. */
  pulled(reader: Reader): void {
    reader.deafSince = -1;
    if (reader.readyIndex !== -1 || reader.parked) return;
    if (reader.replay === undefined && reader.at.segment === undefined) {
      this.#ready.add(reader);
    } else if (reader.credit > 0) {
      reader.credit--;
      this.serve(reader);
    } else {
      // Not served at once: pull, enqueue and read can go on in microtasks for
      // as long as the kernel takes data, and nobody else would get a turn.
      this.#host.park(reader);
    }
  }

  /** The client has gone. */
  cancelled(reader: Reader): void {
    this.#host.left(reader);
  }

  /** Hands a reader that has asked for more its next segment. */
  serve(reader: Reader): void {
    if (!reader.closed && !this.#take(reader)) this.pulled(reader);
  }

  /**
   * Hands a reader that is about to end all that it has yet to take, if that is
   * no more than `most` bytes: its stream holds them until it was read. Returns
   * whether it has everything; otherwise it may be in the middle of an event.
   *
   * One that replays gets nothing more: it comes back for the rest, and would have
   * to hold what it is handed by itself.
   */
  finish(reader: Reader, most: number): boolean {
    if (reader.replay !== undefined || this.lag(reader) > most) return false;
    while (!reader.closed && this.#take(reader));
    return true;
  }

  #take(reader: Reader): boolean {
    if (reader.replay !== undefined && this.#replay(reader, reader.replay)) {
      return true;
    }
    while (reader.at.segment !== undefined) {
      const { bytes } = reader.at.segment;
      const { skip } = reader;
      const before = Math.max(reader.at.events, reader.joinedEvents);
      this.#advance(reader);
      reader.skip = Math.max(0, skip - bytes.length);
      if (skip >= bytes.length) continue;
      if (!this.#host.busy) reader.headStart = 0;
      const reached = reader.at.start - reader.headStart;
      if (reached > this.lead) this.lead = reached;
      reader.takenAt = this.#host.activeTime;
      const { counters } = this.#host;
      counters.deliveries += Math.max(0, reader.at.events - before);
      counters.bytes += bytes.length - skip;
      reader.send(skip === 0 ? bytes : bytes.subarray(skip));
      return true;
    }
    return false;
  }

  /** Hands a reader the next of what it has missed; false where there is none. */
  #replay(reader: Reader, replay: Replay): boolean {
    const chunk = replay.next();
    const { state } = replay;
    if (state === "outrun") {
      this.#host.outrun(reader);
      return true;
    }
    reader.takenAt = this.#host.activeTime;
    if (state !== "behind") {
      // In the same step in which it has come to the present.
      this.#join(reader);
      this.#replaying.delete(reader);
      reader.replay = undefined;
    }
    if (chunk !== undefined) {
      const { counters } = this.#host;
      reader.replayed += chunk.events;
      counters.deliveries += chunk.events;
      counters.bytes += chunk.bytes.length;
      reader.send(chunk.bytes);
    }
    if (
      state === "ended" ||
      (state === "present" && this.topics.every(({ hasEnded }) => hasEnded))
    ) this.#host.finished(reader);
    return chunk !== undefined || reader.closed;
  }

  /** Writes to a reader that has everything; false where it has not asked for more. */
  sendIdle(reader: Reader, chunk: Bytes): boolean {
    if (reader.readyIndex === -1) return false;
    this.#ready.delete(reader);
    reader.takenAt = this.#host.activeTime;
    reader.send(chunk);
    return true;
  }

  /** Bytes between the reader and the end. */
  lag(reader: Reader): number {
    if (reader.replay !== undefined) return reader.replay.lag;
    // It may have joined behind what this turn has brought, which is not sealed yet.
    const from = Math.max(reader.at.start, reader.joinedAt);
    return Math.max(0, this.#backlog.end.start - from);
  }

  /**
   * Events handed to the reader: those from the history, and the channel's count
   * where it is now less that at its joining.
   */
  sent(reader: Reader): number {
    return reader.replayed +
      Math.max(0, reader.at.events - reader.joinedEvents);
  }

  /** Bytes between the fastest of its readers and the end. */
  get leadLag(): number {
    if (this.#live === 0) return 0;
    return Math.max(0, this.#backlog.end.start - this.lead);
  }

  /**
   * For how long data has been waiting for the reader to ask for it, in active
   * time (ms). While it asks and waits itself it is the server that is late.
   */
  waiting(reader: Reader): number {
    const { at, takenAt, parked, replay } = reader;
    if (parked) return 0;
    const { activeTime } = this.#host;
    if (replay !== undefined) return activeTime - takenAt;
    if (at.segment === undefined) return 0;
    return activeTime - Math.max(at.sealedAt, takenAt);
  }

  /** The readers that have let data wait for so many milliseconds. */
  stalled(wait: number): Reader[] {
    const { front } = this.#backlog;
    const { activeTime } = this.#host;
    const isOld = front.segment !== undefined &&
      activeTime - front.sealedAt >= wait;
    return [...isOld ? this.readers : this.#replaying].filter((reader) =>
      this.waiting(reader) >= wait
    );
  }

  /** The readers that are slow by their own fault; see {@linkcode Slowness}. */
  slow(maxLag: number, duringTurn: boolean): Reader[] {
    const { activeTime, busy } = this.#host;
    return this.#slowness.find(maxLag, { activeTime, busy, duringTurn });
  }

  /** The readers to drop so that about `bytes` of the backlog are let go. */
  furthestBehind(bytes: number): Reader[] {
    const upTo = this.#backlog.front.start + bytes;
    return [...this.readers].filter(({ at }) =>
      at.segment !== undefined && at.start < upTo
    );
  }

  #advance(reader: Reader): void {
    const { at } = reader;
    at.readers--;
    reader.at = at.next!;
    reader.at.readers++;
    if (at.readers === 0 && at === this.#backlog.front) this.#backlog.tidy();
  }
}
