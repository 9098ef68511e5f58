/** What a server of the benchmark is told on its standard input, a line each. */
export interface Command {
  /** Broadcast so, instead of how it did. */
  readonly publish?: Publishing;
  /** Collect garbage, and say how much memory is resident. */
  readonly measure?: boolean;
}

/** How events are broadcast. */
export interface Publishing {
  /** How many a second. */
  readonly rate: number;
  /** Where to; a `*` in it becomes a random number below `among`. */
  readonly namespace: string;
  readonly among?: number;
}

/** What it says on its standard output, a line each. */
export interface Answer {
  /** It listens there. */
  readonly port?: number;
  /** The id of the last event, where there are ids. */
  readonly lastEventId?: string;
  /** Bytes. */
  readonly resident?: number;
}

/** What a server is started with, as JSON. */
export interface ServerOptions {
  /** Remember events. */
  readonly history?: boolean;
  /** Broadcast so many before anybody comes. */
  readonly before?: number;
}
