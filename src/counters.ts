/**
 * Why a stream ended: its client left, fell behind, stopped reading, was
 * disconnected by the program or an operator, the stream was as old as it or its
 * grant may get, or the server or all its namespaces have ended.
 */
export type DisconnectReason =
  | "client"
  | "slow"
  | "stalled"
  | "kicked"
  | "expired"
  | "closed";

/**
 * Why a stream was not opened: too many are open, in all or of this client, the
 * server is closing, its engine did not start, `authorize` failed, all its
 * namespaces have ended and the client knows, the request is malformed, it does not
 * show who it comes from, or what it asks for may not be subscribed to.
 */
export type RefusalReason =
  | "connections"
  | "connectionsPerClient"
  | "closing"
  | "ended"
  | "engine"
  | "authorize"
  | "malformed"
  | "unauthorized"
  | "forbidden";

/**
 * Why `POST /publish/` was refused: it is malformed, does not show who it comes from,
 * is not allowed, came too slowly, is too large or of an unknown type, repeats a key
 * with another body, `authorize` failed, or the engine did not accept it.
 */
export type PublishRefusalReason =
  | "malformed"
  | "unauthorized"
  | "forbidden"
  | "slow"
  | "tooLarge"
  | "type"
  | "keyReused"
  | "authorize"
  | "unavailable";

/** What a server has done since it was made; every number only rises. */
export class Counters {
  /** Events broadcast, whether or not anyone heard them. */
  broadcasts = 0;
  /** Events handed to connections. */
  deliveries = 0;
  /** Bytes of events handed to connections. */
  bytes = 0;
  /** Streams that went on where their client had left off; none without history. */
  replays = 0;
  /** Times that a client was told that something is missing; none without history. */
  gaps = 0;
  /** Streams ended, by reason. */
  readonly disconnects: Record<DisconnectReason, number> = {
    client: 0,
    slow: 0,
    stalled: 0,
    kicked: 0,
    expired: 0,
    closed: 0,
  };
  /** Streams refused, by reason. */
  readonly refusals: Record<RefusalReason, number> = {
    connections: 0,
    connectionsPerClient: 0,
    closing: 0,
    ended: 0,
    engine: 0,
    authorize: 0,
    malformed: 0,
    unauthorized: 0,
    forbidden: 0,
  };
  /** Requests to publish that were refused, by reason. */
  readonly publishRefusals: Record<PublishRefusalReason, number> = {
    malformed: 0,
    unauthorized: 0,
    forbidden: 0,
    slow: 0,
    tooLarge: 0,
    type: 0,
    keyReused: 0,
    authorize: 0,
    unavailable: 0,
  };
  /** How long publish() took, in seconds. */
  readonly publish: Histogram = new Histogram([
    0.0001,
    0.001,
    0.01,
    0.1,
    0.5,
    1,
    3,
  ]);
}

/** Counts of values up to certain bounds. */
export class Histogram {
  /** Rising. */
  readonly bounds: readonly number[];
  /** How many values lie in each bound and not in the one before; last, above all. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Counts a value. */
  observe(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    this.counts[found === -1 ? this.bounds.length : found]!++;
    this.sum += value;
  }
}
