import { Channel, type ChannelHost } from "./channel.ts";
import { parentOf } from "./namespace.ts";
import { SEGMENT_BYTES } from "./segment.ts";
import type { Bytes } from "./slab.ts";
import { Topic } from "./topic.ts";

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

/** Knows who hears which namespace, and what this turn has brought each. */
export class Directory {
  /** Bytes that this turn has brought, once a level that is heard. */
  pending = 0;
  /** Whether some topic has a segment's worth, as far as can be told before the next frame. */
  hasFull = false;

  readonly #host: ChannelHost;
  readonly #hasEnded: (namespace: string) => boolean;
  readonly #topics: Map<string, Topic<Channel>> = new Map();
  readonly #channels: Map<string, Channel> = new Map();
  /** Topics that this turn has brought something. */
  #dirty: Topic<Channel>[] = [];
  #order = 0;

  /** @param hasEnded Whether a namespace has, before anybody hears it. */
  constructor(host: ChannelHost, hasEnded: (namespace: string) => boolean) {
    this.#host = host;
    this.#hasEnded = hasEnded;
  }

  /** How many there are of each. */
  get counts(): { readonly topics: number; readonly channels: number } {
    return { topics: this.#topics.size, channels: this.#channels.size };
  }

  /** The namespaces that somebody hears, in no order. */
  *namespaces(): Generator<NamespaceState> {
    for (const { namespace, channels, heard } of this.#topics.values()) {
      let readers = 0;
      for (const channel of channels) readers += channel.readers.size;
      yield { namespace, readers, ...heard };
    }
  }

  /** The channel of a set of namespaces; made if nobody hears just them yet. */
  channelOf(namespaces: readonly string[]): Channel {
    // A namespace holds no line break, so no two sets share a key.
    const key = namespaces.join("\n");
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      const topics = namespaces.map((namespace) => this.#topicOf(namespace));
      channel = new Channel(key, topics, this.#host);
      for (const topic of topics) topic.channels.add(channel);
      this.#channels.set(key, channel);
    }
    return channel;
  }

  /** Forgets a channel, which nobody hears any more. */
  remove(channel: Channel): void {
    this.#channels.delete(channel.key);
    for (const topic of channel.topics) {
      topic.channels.delete(channel);
      if (topic.channels.size === 0) this.#topics.delete(topic.namespace);
    }
  }

  /** Has everyone hear a frame in its turn who hears its namespace or one above. */
  add(namespace: string, frame: Bytes, isEnd: boolean): void {
    if (this.#topics.size === 0) return;
    const order = ++this.#order;
    for (
      let at: string | undefined = namespace;
      at !== undefined;
      at = parentOf(at)
    ) {
      const topic = this.#topics.get(at);
      if (topic === undefined) continue;
      if (topic.bytes === 0) this.#dirty.push(topic);
      topic.add(frame, order);
      this.hasFull ||= topic.bytes + frame.length > SEGMENT_BYTES;
      if (!isEnd) topic.hasEnded = false;
      else if (at === namespace) topic.hasEnded = true;
      this.pending += frame.length;
    }
  }

  /** Has everyone hear a frame in its turn, whatever they hear. */
  addToAll(frame: Bytes): void {
    const order = ++this.#order;
    for (const topic of this.#topics.values()) {
      if (topic.bytes === 0) this.#dirty.push(topic);
      topic.add(frame, order);
      this.pending += frame.length;
    }
  }

  /**
   * Ends the turn: seals what it has brought, and returns the channels that got
   * some of it. `now` in milliseconds since the Unix epoch.
   */
  seal(now: number): Channel[] {
    const topics = this.#dirty;
    this.#dirty = [];
    this.pending = 0;
    this.hasFull = false;
    const channels: Channel[] = [];
    for (const topic of topics) {
      for (const channel of topic.channels) {
        if (channel.touch(topic)) channels.push(channel);
      }
    }
    // All are sealed before any is served: topics are shared between channels.
    for (const channel of channels) channel.seal();
    for (const topic of topics) topic.clear(now);
    return channels;
  }

  /** The channels that hear a namespace and none that has not ended. */
  endedBy(namespace: string): readonly Channel[] {
    return [...this.#topics.get(namespace)?.channels ?? []].filter((channel) =>
      channel.topics.every(({ hasEnded }) => hasEnded)
    );
  }

  #topicOf(namespace: string): Topic<Channel> {
    let topic = this.#topics.get(namespace);
    if (topic === undefined) {
      topic = new Topic(namespace);
      topic.hasEnded = this.#hasEnded(namespace);
      this.#topics.set(namespace, topic);
    }
    return topic;
  }
}
