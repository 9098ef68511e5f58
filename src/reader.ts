import { type Link, NOWHERE } from "./backlog.ts";
import type { HostSocket } from "./host_info.ts";
import type { Replay } from "./history/history.ts";
import type { Divertible, Outlet } from "./outlet.ts";
import type { Bytes } from "./slab.ts";

/** What is known of the client behind a stream. */
export interface Connection {
  /** Unique in this server, in the order of opening. */
  readonly id: number;
  /** What it hears: normalised, sorted, none below another. */
  readonly namespaces: readonly string[];
  /** Path of the request, without its query. */
  readonly requestPath: string;
  /** Address of the client; `""` where the host does not tell. */
  readonly clientIP: string;
  /** The User-Agent header, at most 512 characters; `""` without one. */
  readonly userAgent: string;
  /** Who it is, as `authorize` or a ticket said; `""` where neither did. */
  readonly user: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** What the stream of a client that was cut off fails with. */
export class CutOffError extends Error {
  override readonly name = "CutOffError";
}

/** What feeds a reader: its channel. */
export interface ReaderFeed {
  /** The connection has taken all it got and asks for more. */
  pulled(reader: Reader): void;
  /** The client has gone. */
  cancelled(reader: Reader): void;
  /** Hands it the next bytes, if there are any. */
  serve(reader: Reader): void;
  /** Bytes between the reader and the end. */
  lag(reader: Reader): number;
  /** Bytes between the fastest of its readers and the end. */
  readonly leadLag: number;
}

/** All streams start pulling only when the connection is ready for more. */
const STRATEGY: QueuingStrategy<Bytes> = { highWaterMark: 0 };

/**
 * One connection: a `ReadableStream`, and a cursor into what its channel has
 * sealed. It holds no data of its own.
 *
 * It is its stream's underlying source itself, so that a connection costs no
 * closures. With a high-water mark of 0, `pull` means that the host is about to
 * write to the socket.
 */
export class Reader implements Divertible {
  readonly connection: Connection;
  /** Who may end it apart from the rest; see the hub. */
  readonly owner: object | undefined;
  /** Where in the history it is, as long as it has not come to the present. */
  replay: Replay | undefined;
  /** Events that it got from the history. */
  replayed = 0;
  /** The cursor: where in the channel's stream it goes on, once it is live. */
  at: Link = NOWHERE;
  /** Bytes at the cursor that were broadcast before this reader came. */
  skip = 0;
  /** Bytes of the channel's stream before this reader's first. */
  joinedAt = 0;
  /** Events of the channel before this reader's first. */
  joinedEvents = 0;
  /** How far ahead of the channel's fastest reader it began, in bytes. */
  headStart = 0;
  /** When it last took something, in the hub's active time (ms). */
  takenAt = 0;
  /** Since when a keepalive could not be handed over, in active time; -1: it could. */
  deafSince = -1;
  /** How many more segments it may take in this turn while it is behind. */
  credit = 0;
  /** Waits for the next macrotask, having asked for more while it was behind. */
  parked = false;
  /** Its place in the keepalive wheel. */
  slot: Set<Reader> | undefined;
  /** Its place among the channel's ready readers; -1: it has not asked for more. */
  readyIndex = -1;

  /** What the response is written to, where the host tells. */
  readonly socket: HostSocket | undefined;

  readonly #feed: ReaderFeed;
  #stream: ReadableStream<Bytes> | undefined;
  // Empty at first: `start` may run before the constructor has returned.
  #controller: ReadableStreamDefaultController<Bytes> | undefined;
  /** What the stream begins with, until it is read from. */
  #opening: Bytes | undefined;
  /** Takes the bytes in the stream's place. */
  #outlet: Outlet | undefined;
  #closed = false;

  /**
   * @param opening The first chunk, sent without waiting for an event: Bun
   * holds the response's head back until there is one.
   * @param replay What it takes before the present.
   */
  constructor(
    connection: Connection,
    feed: ReaderFeed,
    owner: object | undefined,
    opening: Bytes,
    socket: HostSocket | undefined,
    replay: Replay | undefined,
  ) {
    this.connection = connection;
    this.replay = replay;
    this.#feed = feed;
    this.owner = owner;
    this.socket = socket;
    this.#opening = opening;
    this.#stream = new ReadableStream<Bytes>(this, STRATEGY);
    this.#controller!.enqueue(opening);
  }

  /** What the host reads; gone once it has been diverted. */
  get stream(): ReadableStream<Bytes> {
    return this.#stream!;
  }

  /** Writes to an outlet from now on. Part of {@linkcode Divertible}. */
  divert(outlet: Outlet): boolean {
    const opening = this.#opening;
    if (this.#closed || opening === undefined) return false;
    this.#outlet = outlet;
    // Nobody reads them any more.
    this.#stream = this.#controller = undefined;
    outlet.write(opening);
    return true;
  }

  /** Part of the stream's contract; not to be called. */
  start(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#controller = controller;
  }

  /** The host is ready for more; part of the contracts of stream and outlet. */
  pull(): void {
    this.#opening = undefined;
    if (!this.#closed) this.#feed.pulled(this);
  }

  /** The client has gone; part of the contracts of stream and outlet. */
  cancel(): void {
    if (!this.#closed) this.#feed.cancelled(this);
  }

  /** True once it has ended, in whichever way. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Hands bytes to the connection, which must have asked for them. May call
   * `pull` before it returns, so the cursor has to be moved first.
   */
  send(chunk: Bytes): void {
    if (this.#outlet !== undefined) {
      this.#outlet.write(chunk);
      return;
    }
    try {
      this.#controller!.enqueue(chunk);
    } catch {
      // The host has closed the stream without cancelling it.
      this.cancel();
    }
  }

  /** Takes the next bytes from its channel. */
  serve(): void {
    this.#feed.serve(this);
  }

  /** Bytes between it and its channel's end. */
  get lag(): number {
    return this.#feed.lag(this);
  }

  /** The same for the fastest reader of its channel. */
  get leadLag(): number {
    return this.#feed.leadLag;
  }

  /** Ends the stream after what it already got, and what it is sent in parting. */
  end(farewell?: Bytes): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#outlet !== undefined) {
      if (farewell?.length) this.#outlet.write(farewell);
      this.#outlet.end();
      return;
    }
    try {
      if (farewell?.length) this.#controller!.enqueue(farewell);
      this.#controller!.close();
    } catch {
      // The host has closed the stream already.
    }
  }

  /** Drops the stream with what it still holds: its client does not read. */
  drop(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.socket?.cut()) this.fail(reason);
  }

  /** Lets go of what it still holds, also after its end. */
  fail(reason: string): void {
    if (this.#outlet !== undefined) this.#outlet.destroy();
    else this.#controller!.error(new CutOffError(reason));
  }

  /** Notes that the client has gone. */
  forget(): void {
    this.#closed = true;
  }
}
