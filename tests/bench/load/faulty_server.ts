import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { STAMP_MODULUS } from "./plan.ts";

/** Milliseconds between two events. */
const PAUSE = 10;

/** What may be wrong with a stream; numbers of events are from 1. */
export interface Fault {
  /** Is refused. */
  readonly refused?: boolean;
  /** Gets no event, but a greeting. */
  readonly silent?: boolean;
  /** Does not get these. */
  readonly without?: readonly number[];
  /** Gets these twice. */
  readonly twice?: readonly number[];
  /** Ends with this one, which it does not get; the connection stays. */
  readonly end?: number;
  /** The same, and the connection too. */
  readonly cut?: number;
}

/**
 * A server that does what it should not, by hand: each stream gets an event every
 * 10 ms from its opening on, or what is posted.
 */
export class FaultyServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #faults: Readonly<Record<number, Fault>>;
  readonly #publishes: boolean;
  readonly #streams: Map<ServerResponse, Fault> = new Map();
  readonly #timers: Set<ReturnType<typeof setInterval>> = new Set();

  /** @param faults By the number of the stream, which ends its path. */
  private constructor(
    faults: Readonly<Record<number, Fault>>,
    publishes: boolean,
  ) {
    this.#faults = faults;
    this.#publishes = publishes;
    this.#server = createServer((request, response) =>
      request.method === "POST"
        ? this.#post(request, response)
        : this.#open(request, response)
    );
  }

  /** Starts one that publishes by itself, or else what is posted to it. */
  static async start(
    faults: Readonly<Record<number, Fault>>,
    publishes: boolean,
  ): Promise<FaultyServer> {
    const server = new FaultyServer(faults, publishes);
    await new Promise<void>((resolve) =>
      server.#server.listen(0, "127.0.0.1", resolve)
    );
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const stream of this.#streams.keys()) stream.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    const number = Number(/\d+$/.exec(request.url!)![0]);
    const fault = this.#faults[number] ?? {};
    response.writeHead(fault.refused ? 503 : 200, {
      "content-type": "text/event-stream",
    });
    if (fault.refused) {
      response.end("No\n");
      return;
    }
    response.write(":ok\nretry:100\n\nevent:open\ndata:{}\n\n");
    if (fault.silent) return;
    this.#streams.set(response, fault);
    response.on("close", () => this.#streams.delete(response));
    response.on("error", () => {});
    if (this.#publishes) this.#publish(response, fault);
  }

  #publish(response: ServerResponse, fault: Fault): void {
    let seq = 0;
    const timer = setInterval(() => {
      seq++;
      if (seq === fault.end) response.end();
      if (seq === fault.cut) response.destroy();
      if (response.destroyed || response.writableEnded) {
        clearInterval(timer);
        return;
      }
      if (fault.without?.includes(seq)) return;
      const event = `id:${seq}\ndata: ${seq} ${stamp()} and more\r\n\n`;
      response.write(event);
      if (fault.twice?.includes(seq)) response.write(event);
    }, PAUSE);
    this.#timers.add(timer);
  }

  async #post(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    let data = "";
    for await (const piece of request) data += piece;
    for (const stream of this.#streams.keys()) {
      stream.write(`data:${data}\n\n`);
    }
    response.writeHead(204).end();
  }
}

function stamp(): string {
  return `${Date.now() * 1_000 % STAMP_MODULUS}`.padStart(12, "0");
}
