import type { Channel, ChannelHost } from "./channel.ts";
import type { Retained } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { Counters, type DisconnectReason } from "./counters.ts";
import { Delivery } from "./delivery.ts";
import { Directory, type NamespaceState } from "./directory.ts";
import type { EngineRecord, EngineSink, Position } from "./engine.ts";
import { BoundedHistory } from "./history/bounded.ts";
import type { HistoryBounds } from "./history/bounds.ts";
import { type History, NO_HISTORY } from "./history/history.ts";
import { Laggards, type LagReason } from "./laggards.ts";
import { Lifetimes } from "./lifetimes.ts";
import { isEnd } from "./notice.ts";
import { Openings } from "./opening.ts";
import { ORDERS } from "./order.ts";
import { Pulse } from "./pulse.ts";
import { type Connection, Reader } from "./reader.ts";
import type { Bytes } from "./slab.ts";
import { type SocketLimits, Sockets } from "./sockets.ts";
import type { StreamRequest, StreamState } from "./stream.ts";

/** What a hub needs to know. */
export interface HubOptions {
  /** Milliseconds between keepalives; 0: none. */
  readonly keepAlive: number;
  /** Bytes that a reader may fall behind. */
  readonly maxLag: number;
  /** Milliseconds for which a reader may leave data waiting. */
  readonly stallTimeout: number;
  /** Milliseconds after which a client should come back; false: its own default. */
  readonly retry: number | false;
  /** Milliseconds after which a stream ends, at most; `undefined`: never. */
  readonly maxAge: number | undefined;
  /** Bounds of what is remembered; `false`: nothing. */
  readonly history: HistoryBounds | false;
  readonly limits: SocketLimits & {
    /** Bytes that all channels together may retain. */
    readonly bufferedBytes: number;
  };
  readonly clock: Clock;
  /** Takes what servers tell each other. Must not throw. */
  ordered(body: Bytes): void;
  /** Told of every stream that was opened, with its owner. Must not throw. */
  connected(connection: Connection, owner: object | undefined): void;
  /** Told of every stream that has ended. Must not throw. */
  disconnected(
    connection: Connection,
    reason: DisconnectReason,
    owner: object | undefined,
  ): void;
}

const encoder = new TextEncoder();

/** A reader that is further behind does not get the rest when its stream ends. */
const FINISH_BYTES = 4 * 1024 * 1024;

/**
 * Carries events to those who hear their namespace, and looks after the streams.
 * The only owner of timers and counters.
 */
export class Hub implements EngineSink, ChannelHost {
  readonly retained: Retained = { bytes: 0 };
  readonly counters: Counters = new Counters();

  readonly #options: HubOptions;
  readonly #history: History;
  readonly #openings: Openings;
  readonly #sockets: Sockets;
  readonly #pulse: Pulse;
  readonly #directory: Directory;
  readonly #delivery: Delivery;
  readonly #lifetimes: Lifetimes;
  readonly #laggards: Laggards;
  /** In the order of opening. */
  readonly #readers: Map<Reader, Channel> = new Map();

  #opened = 0;
  readonly #taps: Set<(record: EngineRecord) => void> = new Set();

  constructor(options: HubOptions) {
    this.#options = options;
    const { retry, history, limits, clock, maxAge } = options;
    this.#history = history === false
      ? NO_HISTORY
      : new BoundedHistory(history, () => clock.now(), this.counters);
    this.#directory = new Directory(
      this,
      (namespace) => this.#history.hasEnded(namespace),
    );
    this.#openings = new Openings(retry);
    this.#sockets = new Sockets(limits, () => clock.now());
    this.#delivery = new Delivery(
      this.#directory,
      clock,
      (channels) => this.#laggards.afterSending(channels),
    );
    this.#lifetimes = new Lifetimes(maxAge);
    this.#laggards = new Laggards(
      { ...options, bufferedBytes: limits.bufferedBytes },
      this.retained,
      (reader, reason) => this.#drop(reader, reason),
    );
    this.#pulse = new Pulse(options, () => this.#onBeat());
  }

  /** How many streams are open. */
  get size(): number {
    return this.#readers.size;
  }

  /** How many of each there are; all are 0 again once everyone has left. */
  get counts(): {
    readonly topics: number;
    readonly channels: number;
    readonly readers: number;
    readonly sockets: number;
    readonly deadlines: number;
    readonly retainedBytes: number;
  } {
    return {
      ...this.#directory.counts,
      readers: this.#readers.size,
      sockets: this.#sockets.count,
      deadlines: this.#lifetimes.size,
      retainedBytes: this.retained.bytes,
    };
  }

  /** What is remembered of the events. */
  get history(): Pick<History, "enabled" | "size" | "hasSeenEnd"> {
    return this.#history;
  }

  /** Which limit one more stream of a client would break. */
  exceeded(clientIP: string): keyof SocketLimits | undefined {
    return this.#sockets.exceeded(clientIP);
  }

  /** The open streams, oldest first. */
  *streams(): Generator<StreamState> {
    for (const [reader, channel] of this.#readers) {
      const lag = channel.lag(reader);
      yield {
        connection: reader.connection,
        sent: channel.sent(reader),
        lag,
        waiting: channel.waiting(reader),
      };
    }
  }

  /** The namespaces that somebody hears, in no order. */
  namespaces(): Iterable<NamespaceState> {
    return this.#directory.namespaces();
  }

  /**
   * Has every event shown to `tap` as it is broadcast, until the returned
   * function is called. It must be quick and must not throw.
   */
  tap(tap: (record: EngineRecord) => void): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  /**
   * Ends the streams that `wanted` picks, after what was broadcast so far to those
   * who keep up; returns how many.
   */
  disconnect(wanted: (connection: Connection) => boolean): number {
    this.#delivery.flush();
    let ended = 0;
    for (const reader of [...this.#readers.keys()]) {
      if (!wanted(reader.connection)) continue;
      reader.end();
      this.#remove(reader, "kicked");
      ended++;
    }
    return ended;
  }

  /**
   * Opens a stream that hears everything from now on, or from where its client
   * left off.
   */
  open(request: StreamRequest): Reader {
    const { namespaces, requestPath, clientIP, userAgent, user } = request;
    const { notices, replay } = this.#history.open(request);
    const channel = this.#directory.channelOf(namespaces);
    const reader = new Reader(
      {
        id: ++this.#opened,
        namespaces: channel.topics.map(({ namespace }) => namespace),
        requestPath,
        clientIP,
        userAgent,
        user,
        createdAt: this.#options.clock.now(),
      },
      channel,
      request.owner,
      this.#openings.opening(this.#opened, notices),
      request.socket,
      replay,
    );
    this.#pulse.start();
    this.#sockets.open(clientIP);
    channel.add(reader);
    if (replay !== undefined) this.#laggards.add(channel);
    this.#readers.set(reader, channel);
    this.#pulse.add(reader, request.impatientHost);
    this.#lifetimes.begin(reader, this.activeTime, request.expires);
    this.#options.connected(reader.connection, reader.owner);
    return reader;
  }

  /**
   * Ends all streams, or those of one owner, after what was broadcast so far;
   * only those that are far behind miss the rest.
   */
  end(owner?: object): void {
    this.#delivery.flush();
    for (const reader of [...this.#readers.keys()]) {
      if (owner === undefined || reader.owner === owner) this.finished(reader);
    }
  }

  /** Ends the oldest streams, each with the time to come back. */
  endOldest(count: number): void {
    if (count <= 0) return;
    this.#delivery.flush();
    for (const reader of [...this.#readers.keys()].slice(0, count)) {
      this.#end(
        reader,
        "closed",
        this.#openings.farewell(reader.connection.id),
      );
    }
  }

  /**
   * Takes note of where the order stands, and tells everyone if that is not where
   * it was; part of {@linkcode EngineSink}.
   */
  begin(position: Position): void {
    const notice = this.#history.begin(position);
    if (notice === undefined || this.#readers.size === 0) return;
    for (const { replay } of this.#readers.keys()) {
      // Who replays is told, and counted, when it comes to this.
      if (replay === undefined) this.counters.gaps++;
    }
    this.#directory.addToAll(encoder.encode(notice));
    // At once: it waits in every topic, and who joins a channel of several meanwhile
    // would skip it once for each.
    this.#delivery.flush();
  }

  /** Remembers what was broadcast before there were streams. */
  restore(record: EngineRecord): void {
    this.#follow(record);
    if (record.namespace === ORDERS) this.#history.pass(record);
    else this.#history.add(record);
  }

  /** Carries an event to everyone who hears its namespace or one above it. */
  deliver(record: EngineRecord): void {
    this.#follow(record);
    if (record.namespace === ORDERS) {
      this.#history.pass(record);
      this.#options.ordered(record.body);
      return;
    }
    this.counters.broadcasts++;
    const frame = this.#history.add(record);
    for (const tap of this.#taps) tap(record);
    const { namespace, body } = record;
    const ends = isEnd(body);
    this.#directory.add(namespace, frame, ends);
    if (this.#directory.pending === 0) return;
    if (ends) this.#endChannels(namespace);
    else this.#delivery.request();
  }

  /**
   * Resolves once the server is not at its limit any more, but within a second;
   * `undefined` while it is not.
   */
  relief(): Promise<void> | undefined {
    return this.#delivery.relief;
  }

  /** Part of {@linkcode ChannelHost}. */
  get saturated(): boolean {
    return this.#delivery.isSaturated;
  }

  /** Part of {@linkcode ChannelHost}. */
  get busy(): boolean {
    return this.#delivery.isBusy;
  }

  /** Part of {@linkcode ChannelHost}. */
  park(reader: Reader): void {
    this.#delivery.park(reader);
  }

  /** Part of {@linkcode ChannelHost}. */
  get activeTime(): number {
    return this.#pulse.activeTime;
  }

  /** Part of {@linkcode ChannelHost}. */
  left(reader: Reader): void {
    reader.forget();
    this.#remove(reader, "client");
  }

  /** Part of {@linkcode ChannelHost}. */
  finished(reader: Reader): void {
    this.#end(reader, "closed");
  }

  /** Part of {@linkcode ChannelHost}. */
  outrun(reader: Reader): void {
    this.#drop(reader, "slow");
  }

  /** Tells of what is missing before an event, if anything is. */
  #follow(record: EngineRecord): void {
    if (this.#history.isNext(record)) return;
    this.begin({ epoch: record.epoch, seq: record.seq - 1 });
  }

  /** Ends those who hear nothing but what has ended. */
  #endChannels(namespace: string): void {
    this.#delivery.flush();
    for (const channel of this.#directory.endedBy(namespace)) {
      for (const reader of [...channel.readers]) {
        // Who replays ends when it has come to this.
        if (reader.replay === undefined) this.finished(reader);
      }
    }
  }

  #onBeat(): void {
    // A keepalive may carry the id of what was broadcast last.
    this.#delivery.flush();
    this.#delivery.tick();
    this.#history.expire();
    for (const reader of this.#pulse.silent()) this.#keepAlive(reader);
    const now = this.#options.clock.now();
    for (const reader of this.#lifetimes.due(this.activeTime, now)) {
      this.#end(reader, "expired");
    }
    this.#laggards.onBeat(this.#pulse.interval);
    this.#sockets.tend(this.activeTime);
    if (this.#sockets.count === 0) this.#pulse.stop();
  }

  #keepAlive(reader: Reader): void {
    const channel = this.#readers.get(reader)!;
    const { keepAlive } = this.#history;
    if (reader.replay !== undefined) return;
    if (channel.sendIdle(reader, keepAlive) || reader.lag > 0) return;
    // It has taken all there was, but its host asks for nothing: either the
    // kernel's buffers are full of keepalives or nobody ever read the response.
    if (reader.deafSince === -1) reader.deafSince = this.activeTime;
    else if (
      this.activeTime - reader.deafSince >= this.#options.stallTimeout
    ) {
      this.#drop(reader, "stalled");
    }
  }

  /** Ends a stream after what it can take. */
  #end(reader: Reader, reason: DisconnectReason, farewell?: Bytes): void {
    const channel = this.#readers.get(reader);
    const isWhole = channel?.finish(reader, FINISH_BYTES);
    if (reader.closed) return;
    // After a part of an event, anything would make it look like a whole one.
    reader.end(isWhole ? farewell : undefined);
    this.#remove(reader, reason);
  }

  #drop(reader: Reader, reason: LagReason): void {
    reader.drop(`The stream was cut off as its client is ${reason}`);
    this.#remove(reader, reason);
  }

  #remove(reader: Reader, reason: DisconnectReason): void {
    const channel = this.#readers.get(reader);
    if (channel === undefined) return;
    this.#readers.delete(reader);
    this.#lifetimes.delete(reader);
    reader.slot?.delete(reader);
    channel.remove(reader);
    if (channel.readers.size === 0) {
      this.#laggards.delete(channel);
      this.#directory.remove(channel);
    }
    // A client that has left has let go of its socket.
    if (reason === "client") this.#sockets.close(reader);
    else {
      this.#sockets.end(reader, this.activeTime + this.#options.stallTimeout);
    }
    if (this.#sockets.count === 0) this.#pulse.stop();
    if (this.#readers.size === 0) this.#delivery.relieve();
    this.counters.disconnects[reason]++;
    this.#options.disconnected(reader.connection, reason, reader.owner);
  }
}
