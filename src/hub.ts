import { Channel, type ChannelHost } from "./channel.ts";
import type { Retained } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { Counters, type DisconnectReason } from "./counters.ts";
import type { EngineRecord, EngineSink } from "./engine.ts";
import { KeepAliveWheel } from "./keepalive.ts";
import type { Bytes } from "./slab.ts";
import { parentOf } from "./namespace.ts";
import { type Connection, Reader } from "./reader.ts";
import { Topic } from "./topic.ts";
import { Turn } from "./turn.ts";
import { WaitingLine } from "./waiting_line.ts";

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
  /** Bytes that all channels together may retain. */
  readonly bufferedBytes: number;
  readonly clock: Clock;
  /** Told of every stream that was opened, with its owner. Must not throw. */
  connected(connection: Connection, owner: object | undefined): void;
  /** Told of every stream that has ended. Must not throw. */
  disconnected(
    connection: Connection,
    reason: DisconnectReason,
    owner: object | undefined,
  ): void;
}

/** A stream to open. */
export interface StreamRequest extends Omit<Connection, "id" | "createdAt"> {
  /** The host's idle time-out is too short for the usual keepalive. */
  readonly impatientHost: boolean;
  /** Ends the response at its socket, where the host lets one. */
  readonly sever: (() => void) | undefined;
  /** Whose {@linkcode Hub.end} ends the stream; besides `end()`. */
  readonly owner: object | undefined;
}

/** An open stream. */
export interface StreamState {
  readonly connection: Connection;
  /** Events handed to it. */
  readonly sent: number;
  /** Bytes that it is behind. */
  readonly lag: number;
  /** For how long data has waited for it to ask for it, in milliseconds. */
  readonly waiting: number;
}

/** A namespace that somebody hears. */
export interface NamespaceState {
  readonly namespace: string;
  /** Streams that asked for it, not for one above it. */
  readonly readers: number;
  /** Events that came to it or below it, since somebody hears it. */
  readonly events: number;
  /** Their bytes. */
  readonly bytes: number;
  /** When the last one came, in milliseconds since the Unix epoch; 0: none did. */
  readonly lastAt: number;
}

/** How often readers are looked at, in milliseconds, when no option asks for more. */
const TICK = 1_000;
/** Below Bun's default idle time-out of 10 s. */
const IMPATIENT_KEEP_ALIVE = 8_000;
/** More than this is not left pending within a turn: it is joined and sent. */
const PENDING_BYTES = 1024 * 1024;
/** A reader that is further behind does not get the rest when its stream ends. */
const FINISH_BYTES = 4 * 1024 * 1024;
/** How many different `retry:` times clients are spread over. */
const RETRY_STEPS = 64;

const encoder = new TextEncoder();
const KEEP_ALIVE: Bytes = encoder.encode(":keepalive\n");

/**
 * Knows who hears which namespace, and carries events there. The only owner of
 * timers and counters.
 */
export class Hub implements EngineSink, ChannelHost {
  readonly retained: Retained = { bytes: 0 };
  readonly counters: Counters = new Counters();
  /**
   * Milliseconds for which the event loop has run. It does not count time in
   * which the whole process was held up, when nobody could have read.
   */
  activeTime = 0;

  readonly #options: HubOptions;
  readonly #tick: number;
  readonly #openings: readonly Bytes[];
  readonly #topics: Map<string, Topic<Channel>> = new Map();
  readonly #channels: Map<string, Channel> = new Map();
  /** In the order of opening. */
  readonly #readers: Map<Reader, Channel> = new Map();
  readonly #wheel: KeepAliveWheel;
  readonly #fastWheel: KeepAliveWheel;
  readonly #turn: Turn = new Turn({
    flush: () => this.#flush(),
    serve: (elapsed) => this.#line.serve(elapsed),
  });
  readonly #line: WaitingLine;

  #opened = 0;
  #order = 0;
  #dirty: Topic<Channel>[] = [];
  #pending = 0;
  /** Channels that retain something. */
  readonly #behind: Set<Channel> = new Set();
  readonly #taps: Set<(record: EngineRecord) => void> = new Set();
  #timer: unknown;
  #tickedAt = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    const { keepAlive, stallTimeout, retry, clock } = options;
    this.#line = new WaitingLine(clock);
    this.#tick = Math.max(
      10,
      Math.min(TICK, stallTimeout / 4, keepAlive === 0 ? TICK : keepAlive / 4),
    );
    this.#wheel = new KeepAliveWheel(keepAlive);
    this.#fastWheel = new KeepAliveWheel(
      Math.min(keepAlive || Infinity, IMPATIENT_KEEP_ALIVE),
    );
    this.#openings = openings(retry);
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
    readonly retainedBytes: number;
  } {
    return {
      topics: this.#topics.size,
      channels: this.#channels.size,
      readers: this.#readers.size,
      retainedBytes: this.retained.bytes,
    };
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
  *namespaces(): Generator<NamespaceState> {
    for (const { namespace, channels, heard } of this.#topics.values()) {
      let readers = 0;
      for (const channel of channels) readers += channel.readers.size;
      yield { namespace, readers, ...heard };
    }
  }

  /**
   * Has every event shown to `tap` as it is broadcast, until the returned
   * function is called. It must be quick and must not throw.
   */
  tap(tap: (record: EngineRecord) => void): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  /** Ends the streams that `wanted` picks; returns how many. */
  disconnect(wanted: (connection: Connection) => boolean): number {
    let ended = 0;
    for (const reader of [...this.#readers.keys()]) {
      if (!wanted(reader.connection)) continue;
      reader.end();
      this.#remove(reader, "kicked");
      ended++;
    }
    return ended;
  }

  /** Opens a stream that hears everything from now on. */
  open(request: StreamRequest): Reader {
    const { namespaces, requestPath, clientIP, userAgent } = request;
    const channel = this.#channelOf(namespaces);
    const reader = new Reader(
      {
        id: ++this.#opened,
        namespaces: channel.topics.map(({ namespace }) => namespace),
        requestPath,
        clientIP,
        userAgent,
        createdAt: this.#options.clock.now(),
      },
      channel,
      request.owner,
      this.#openings[this.#opened % this.#openings.length]!,
      request.sever,
    );
    if (this.#readers.size === 0) this.#startTicking();
    channel.add(reader);
    this.#readers.set(reader, channel);
    if (request.impatientHost) this.#fastWheel.add(reader);
    else if (this.#options.keepAlive > 0) this.#wheel.add(reader);
    this.#options.connected(reader.connection, reader.owner);
    return reader;
  }

  /**
   * Ends all streams, or those of one owner, after what was broadcast so far;
   * only those that are far behind miss the rest.
   */
  end(owner?: object): void {
    this.#flush();
    for (const reader of [...this.#readers.keys()]) {
      if (owner === undefined || reader.owner === owner) {
        this.#readers.get(reader)!.finish(reader, FINISH_BYTES);
        reader.end();
        this.#remove(reader, "closed");
      }
    }
  }

  /** Carries an event to everyone who hears its namespace or one above it. */
  deliver(record: EngineRecord): void {
    this.counters.broadcasts++;
    for (const tap of this.#taps) tap(record);
    if (this.#topics.size === 0) return;
    const { namespace, body } = record;
    const order = ++this.#order;
    for (
      let at: string | undefined = namespace;
      at !== undefined;
      at = parentOf(at)
    ) {
      const topic = this.#topics.get(at);
      if (topic === undefined) continue;
      if (topic.bytes === 0) this.#dirty.push(topic);
      topic.add(body, order);
      this.#pending += body.length;
    }
    if (this.#pending === 0) return;
    if (this.#pending > PENDING_BYTES) this.#flush();
    else this.#turn.requestFlush();
  }

  /**
   * Resolves once the server is not at its limit any more, but within a second;
   * `undefined` while it is not.
   */
  relief(): Promise<void> | undefined {
    return this.#line.relief;
  }

  /** Part of {@linkcode ChannelHost}. */
  get saturated(): boolean {
    return this.#line.isOverdue;
  }

  /** Part of {@linkcode ChannelHost}. */
  get busy(): boolean {
    return this.#line.isBusy;
  }

  /** Part of {@linkcode ChannelHost}. */
  park(reader: Reader): void {
    this.#line.add(reader);
    this.#turn.requestServe();
  }

  /** Part of {@linkcode ChannelHost}. */
  left(reader: Reader): void {
    reader.forget();
    this.#remove(reader, "client");
  }

  #channelOf(namespaces: readonly string[]): Channel {
    // A namespace holds no line break, so no two sets share a key.
    const key = namespaces.join("\n");
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      const topics = namespaces.map((namespace) => this.#topicOf(namespace));
      channel = new Channel(key, topics, this);
      for (const topic of topics) topic.channels.add(channel);
      this.#channels.set(key, channel);
    }
    return channel;
  }

  #topicOf(namespace: string): Topic<Channel> {
    let topic = this.#topics.get(namespace);
    if (topic === undefined) {
      topic = new Topic(namespace);
      this.#topics.set(namespace, topic);
    }
    return topic;
  }

  #flush(): void {
    if (this.#dirty.length === 0) return;
    const topics = this.#dirty;
    this.#dirty = [];
    this.#pending = 0;
    const channels: Channel[] = [];
    for (const topic of topics) {
      for (const channel of topic.channels) {
        if (channel.dirty.push(topic) === 1) channels.push(channel);
      }
    }
    // All are sealed before any is served: topics are shared between channels.
    for (const channel of channels) channel.seal();
    const now = this.#options.clock.now();
    for (const topic of topics) topic.clear(now);
    for (const channel of channels) {
      channel.flush();
      if (channel.backlog === 0) continue;
      this.#behind.add(channel);
      for (const reader of channel.slow(this.#options.maxLag, true)) {
        this.#drop(reader, "slow");
      }
    }
    this.#keepWithinBudget();
  }

  /** Over the limit, whoever is furthest behind on what retains most has to go. */
  #keepWithinBudget(): void {
    const { bufferedBytes } = this.#options;
    if (this.retained.bytes <= bufferedBytes) return;
    const channels = [...this.#behind].sort((a, b) => b.backlog - a.backlog);
    for (const channel of channels) {
      const excess = this.retained.bytes - bufferedBytes;
      if (excess <= 0) return;
      // An eighth more than needed, so that it is not the next flush's work again.
      for (
        const reader of channel.furthestBehind(excess + bufferedBytes / 8)
      ) {
        this.#drop(reader, "slow");
      }
    }
  }

  #startTicking(): void {
    const { clock } = this.#options;
    this.#tickedAt = clock.now();
    const next = () => {
      this.#timer = clock.setTimeout(() => {
        this.#onTick();
        if (this.#readers.size > 0) next();
      }, this.#tick);
    };
    next();
  }

  #onTick(): void {
    const now = this.#options.clock.now();
    this.activeTime += Math.min(
      Math.max(0, now - this.#tickedAt),
      2 * this.#tick,
    );
    this.#tickedAt = now;
    this.#line.tick();
    const { keepAlive, stallTimeout, maxLag } = this.#options;
    for (const reader of this.#wheel.due(this.activeTime)) {
      // Silence then lasts one and a half intervals at most.
      if (this.activeTime - reader.takenAt < keepAlive / 2) continue;
      this.#keepAlive(reader);
    }
    for (const reader of this.#fastWheel.due(this.activeTime)) {
      this.#keepAlive(reader);
    }
    for (const channel of this.#behind) {
      for (const reader of channel.stalled(stallTimeout)) {
        this.#drop(reader, "stalled");
      }
      for (const reader of channel.slow(maxLag, false)) {
        this.#drop(reader, "slow");
      }
      if (channel.backlog === 0) this.#behind.delete(channel);
    }
  }

  #keepAlive(reader: Reader): void {
    const channel = this.#readers.get(reader)!;
    if (channel.sendIdle(reader, KEEP_ALIVE) || reader.lag > 0) return;
    // It has taken all there was, but its host asks for nothing: either the
    // kernel's buffers are full of keepalives or nobody ever read the response.
    if (reader.deafSince === -1) reader.deafSince = this.activeTime;
    else if (
      this.activeTime - reader.deafSince >= this.#options.stallTimeout
    ) {
      this.#drop(reader, "stalled");
    }
  }

  #drop(reader: Reader, reason: DisconnectReason): void {
    reader.drop(`The stream was cut off as its client is ${reason}`);
    this.#remove(reader, reason);
  }

  #remove(reader: Reader, reason: DisconnectReason): void {
    const channel = this.#readers.get(reader);
    if (channel === undefined) return;
    this.#readers.delete(reader);
    reader.slot?.delete(reader);
    channel.remove(reader);
    if (channel.readers.size === 0) this.#close(channel);
    if (this.#readers.size === 0) {
      this.#options.clock.clearTimeout(this.#timer);
      this.#line.relieve();
    }
    this.counters.disconnects[reason]++;
    this.#options.disconnected(reader.connection, reason, reader.owner);
  }

  #close(channel: Channel): void {
    this.#channels.delete(channel.key);
    this.#behind.delete(channel);
    for (const topic of channel.topics) {
      topic.channels.delete(channel);
      if (topic.channels.size === 0) this.#topics.delete(topic.namespace);
    }
  }
}

/** `retry:` from half to one and a half times the time, so that clients spread. */
function openings(retry: number | false): Bytes[] {
  if (retry === false) return [encoder.encode(":ok\n\n")];
  return Array.from({ length: RETRY_STEPS }, (_, i) => {
    // Steps in an order that puts neighbours far apart.
    const part = (i * 37 % RETRY_STEPS) / RETRY_STEPS;
    return encoder.encode(
      `:ok\nretry:${Math.round(retry * (0.5 + part))}\n\n`,
    );
  });
}
