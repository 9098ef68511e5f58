import type { HostSocket } from "./host_info.ts";

/** What bounds them. */
export interface SocketLimits {
  /** In all. */
  readonly connections: number;
  /** Of one client; `undefined` for any number. */
  readonly connectionsPerClient: number | undefined;
}

/** A stream, as far as its socket is concerned. */
export interface SocketUser {
  readonly connection: { readonly clientIP: string };
  /** What it is written to, where the host tells. */
  readonly socket: HostSocket | undefined;
  /** Lets go of what it has yet to write. */
  fail(reason: string): void;
}

/** Milliseconds for which a look at all that linger is good: anyone may ask for one. */
const FRESH = 100;

/**
 * Counts the sockets that streams take up, also those whose stream has ended and
 * that the host has not closed yet: a client that does not read keeps its own.
 */
export class Sockets {
  readonly #limits: SocketLimits;
  readonly #now: () => number;
  /** How many each client has, where that is bounded. */
  readonly #clients: Map<string, number> = new Map();
  /** Streams that have ended, and when they are cut off, in active time (ms). */
  readonly #lingering: Map<SocketUser, number> = new Map();
  #count = 0;
  #lookedAt = -Infinity;

  /** @param now Milliseconds since the Unix epoch. */
  constructor(limits: SocketLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Which limit one more would break; an unknown address (`""`) has none of its own. */
  exceeded(clientIP: string): keyof SocketLimits | undefined {
    const reached = this.#reached(clientIP);
    if (reached === undefined || this.#lingering.size === 0) return reached;
    // Some may have been closed since the last look.
    const now = this.#now();
    if (Math.abs(now - this.#lookedAt) < FRESH) return reached;
    this.#lookedAt = now;
    this.#look();
    return this.#reached(clientIP);
  }

  /** Counts one more. */
  open(clientIP: string): void {
    this.#count++;
    if (this.#limits.connectionsPerClient === undefined) return;
    this.#clients.set(clientIP, (this.#clients.get(clientIP) ?? 0) + 1);
  }

  /** Its client has gone: counts one less. */
  close({ connection: { clientIP } }: SocketUser): void {
    this.#count--;
    const left = (this.#clients.get(clientIP) ?? 0) - 1;
    if (left > 0) this.#clients.set(clientIP, left);
    else this.#clients.delete(clientIP);
  }

  /**
   * Its stream has ended: counts one less, at once or when the host closes it. One
   * that is still open at `until`, in the hub's active time, has a client that does
   * not read, and is cut off.
   */
  end(stream: SocketUser, until: number): void {
    if (stream.socket?.isClosed() ?? true) this.close(stream);
    else this.#lingering.set(stream, until);
  }

  /** Looks after those that linger; `now` in the hub's active time. */
  tend(now: number): void {
    this.#look();
    for (const [stream, until] of this.#lingering) {
      if (now < until) continue;
      if (!stream.socket!.cut()) stream.fail("Its client does not read");
      this.#lingering.set(stream, Infinity);
    }
  }

  #look(): void {
    for (const stream of this.#lingering.keys()) {
      if (!stream.socket!.isClosed()) continue;
      this.#lingering.delete(stream);
      this.close(stream);
    }
  }

  #reached(clientIP: string): keyof SocketLimits | undefined {
    const { connections, connectionsPerClient = Infinity } = this.#limits;
    if (this.#count >= connections) return "connections";
    if (clientIP === "") return undefined;
    return (this.#clients.get(clientIP) ?? 0) >= connectionsPerClient
      ? "connectionsPerClient"
      : undefined;
  }
}
