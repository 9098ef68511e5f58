import type { HostSocket } from "./host_info.ts";

/** What bounds them. */
export interface SocketLimits {
  /** In all. */
  readonly connections: number;
  /** Of one client; `undefined` for any number. */
  readonly connectionsPerClient: number | undefined;
}

/** A socket whose stream has ended. */
interface Lingering {
  readonly clientIP: string;
  /** When it is cut off, in the hub's active time (ms). */
  readonly until: number;
}

/**
 * Counts the sockets that streams take up, also those whose stream has ended and
 * that the host has not closed yet: a client that does not read keeps its own.
 */
export class Sockets {
  readonly #limits: SocketLimits;
  /** How many each client has, where that is bounded. */
  readonly #clients: Map<string, number> = new Map();
  /** Those that outlive their stream. */
  readonly #lingering: Map<HostSocket, Lingering> = new Map();
  #count = 0;

  constructor(limits: SocketLimits) {
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** How many of them have outlived their stream. */
  get lingering(): number {
    return this.#lingering.size;
  }

  /** Which limit one more would break; an unknown address (`""`) has none of its own. */
  exceeded(clientIP: string): keyof SocketLimits | undefined {
    const { connections, connectionsPerClient = Infinity } = this.#limits;
    const reached = this.#reached(clientIP, connections, connectionsPerClient);
    if (reached === undefined || this.#lingering.size === 0) return reached;
    // Some may have been closed since the last look.
    this.#look();
    return this.#reached(clientIP, connections, connectionsPerClient);
  }

  /** Counts one more. */
  open(clientIP: string): void {
    this.#count++;
    if (this.#limits.connectionsPerClient === undefined) return;
    this.#clients.set(clientIP, (this.#clients.get(clientIP) ?? 0) + 1);
  }

  /**
   * Its stream has ended: counts one less, at once or when the host closes it. One
   * that is still open at `until` has a client that does not read, and is cut off.
   */
  end(
    clientIP: string,
    socket: HostSocket | undefined,
    until: number,
  ): void {
    if (socket === undefined || socket.isClosed()) this.#close(clientIP);
    else this.#lingering.set(socket, { clientIP, until });
  }

  /** Looks after those that linger; `now` in the hub's active time. */
  tend(now: number): void {
    this.#look();
    for (const [socket, { clientIP, until }] of this.#lingering) {
      if (now < until) continue;
      socket.cut();
      this.#lingering.set(socket, { clientIP, until: Infinity });
    }
  }

  #look(): void {
    for (const [socket, { clientIP }] of this.#lingering) {
      if (!socket.isClosed()) continue;
      this.#lingering.delete(socket);
      this.#close(clientIP);
    }
  }

  #reached(
    clientIP: string,
    connections: number,
    perClient: number,
  ): keyof SocketLimits | undefined {
    if (this.#count >= connections) return "connections";
    if (clientIP === "") return undefined;
    return (this.#clients.get(clientIP) ?? 0) >= perClient
      ? "connectionsPerClient"
      : undefined;
  }

  #close(clientIP: string): void {
    this.#count--;
    const left = (this.#clients.get(clientIP) ?? 0) - 1;
    if (left > 0) this.#clients.set(clientIP, left);
    else this.#clients.delete(clientIP);
  }
}
