/** Where an engine keeps what in Redis; all in one slot of a cluster. */
export interface RedisKeys {
  /** The stream of events. */
  readonly stream: string;
  /** A hash: the epoch, the last place in it, and which run of Redis gave it. */
  readonly state: string;
  /** The channel on which events are published. */
  readonly channel: string;
  /** What became of a batch, or of an event with a key. */
  batch(token: string): string;
  /** Something of {@linkcode SharedMemory}. */
  shared(key: string): string;
}

/** @param database Channels are common to all databases, keys are not. */
export function keysOf(prefix: string, database: number): RedisKeys {
  const base = `{${prefix}}`;
  return {
    stream: `${base}:events`,
    state: `${base}:state`,
    channel: `${base}:live:${database}`,
    batch: (token) => `${base}:batch:${token}`,
    shared: (key) => `${base}:shared:${key}`,
  };
}
