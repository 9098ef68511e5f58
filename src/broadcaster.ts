import { type Engine, formatId, parseId, type Position } from "./engine.ts";
import type { HistoryBounds } from "./history/bounds.ts";
import type { Hub } from "./hub.ts";
import { encodeBody, type SSEMessage } from "./message.ts";
import { parseNamespace } from "./namespace.ts";
import { encodeEnd } from "./notice.ts";
import { encodeOrder, type Order, ORDERS, parseOrder } from "./order.ts";
import { inTime, isPromise, Publisher } from "./publisher.ts";
import { quote } from "./quote.ts";
import type { Limits } from "./settings.ts";
import type { Bytes } from "./slab.ts";
import { Waiters } from "./waiters.ts";

/** A message that is ready to be broadcast. */
export interface Encoded {
  /** Normalised. */
  readonly namespace: string;
  readonly body: Bytes;
}

/** What a broadcaster needs of its server. */
export interface BroadcasterOptions {
  readonly engine: Engine;
  readonly hub: Hub;
  readonly limits: Limits;
  readonly history: HistoryBounds;
  report(error: unknown): void;
}

/** Milliseconds that the end waits for what was published before it. */
const SETTLING_TIME = 3_000;

/** Takes messages from the program, and has the engine accept them. */
export class Broadcaster {
  readonly #options: BroadcasterOptions;
  readonly #publisher: Publisher;
  #closed = false;
  /** How many are about to be accepted or refused. */
  #pending = 0;
  /** Those who wait for all of them. */
  readonly #settling: Waiters = new Waiters();
  /** The last place that was given, where that took time. */
  #last: Position | undefined;
  /** Tells this server's orders from those of others. */
  #name = "";

  constructor(options: BroadcasterOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options.engine, options.hub, options);
  }

  /** Starts the engine, if need be; a promise until it is ready. */
  start(): Promise<void> | undefined {
    return this.#publisher.start();
  }

  /** The same for 3 s at most, then it rejects; of which there may be any number. */
  ready(): Promise<void> | undefined {
    return this.#publisher.ready();
  }

  /** Checks a message. Throws a TypeError or RangeError that names the field. */
  encode(message: SSEMessage): Encoded {
    if (typeof message !== "object" || message === null) {
      throw new TypeError(
        `Cannot broadcast as the message must be an object: current value is ${
          quote(message)
        }`,
      );
    }
    const { limits } = this.#options;
    return {
      namespace: parseNamespace(message.namespace, limits),
      body: encodeBody(message, limits.messageBytes),
    };
  }

  /**
   * What tells everyone that nothing more will come to a namespace. Throws a TypeError
   * or RangeError.
   */
  encodeEnd(namespace: string): Encoded {
    const normal = parseNamespace(namespace, this.#options.limits);
    return { namespace: normal, body: encodeEnd(normal) };
  }

  /** Has a message accepted; what keeps it from that is reported. */
  broadcast(encoded: Encoded): void {
    if (this.#closed) return;
    try {
      const accepted = this.accept(encoded);
      if (isPromise(accepted)) {
        accepted.catch((error) => this.#options.report(error));
      }
    } catch (error) {
      this.#options.report(error);
    }
  }

  /**
   * Has a message accepted; rejects when it is not, and after 3 s. On a server at
   * its limit it resolves up to a second later.
   */
  async publish(encoded: Encoded): Promise<string> {
    const { hub } = this.#options;
    const begun = performance.now();
    const position = await inTime(this.accept(encoded));
    await hub.relief();
    hub.counters.publish.observe((performance.now() - begun) / 1000);
    return formatId(position);
  }

  /**
   * The same without a limit to how long it takes. Throws or rejects. With a `key`,
   * servers that share an engine accept it once.
   */
  accept(
    { namespace, body }: Encoded,
    key?: string,
  ): Position | Promise<Position> {
    if (this.#closed) {
      throw new Error("Cannot publish as the server is closed");
    }
    const accepted = this.#publisher.accept(namespace, body, key);
    if (isPromise(accepted)) this.#await(accepted);
    return accepted;
  }

  /** Tells the other servers that share the engine to do something too. */
  order(order: Omit<Order, "from">): void {
    if (this.#options.engine.shared === undefined) return;
    const from = this.#name ||= crypto.randomUUID();
    this.broadcast({
      namespace: ORDERS,
      body: encodeOrder({ ...order, from }),
    });
  }

  /**
   * What another server tells this one to do; `undefined` where it is from here.
   * Throws where it is no order.
   */
  ordered(body: Bytes): Order | undefined {
    const order = parseOrder(body);
    return order.from === this.#name ? undefined : order;
  }

  /**
   * Resolves once what a client has seen has been delivered here, which may be behind
   * the server that it comes from; rejects where that does not happen soon.
   */
  reach(lastEventId: string): Promise<void> | undefined {
    const position = parseId(lastEventId);
    return position && this.#publisher.reach(position);
  }

  /**
   * Resolves once what was to be broadcast so far has been delivered or refused, or
   * takes too long; `undefined` where it has been.
   */
  settled(): Promise<void> | undefined {
    return this.#pending === 0 && this.#last === undefined
      ? undefined
      : this.#settled();
  }

  async #settled(): Promise<void> {
    if (this.#pending > 0) await this.#settling.wait(SETTLING_TIME);
    // The end does not depend on it.
    await (this.#last && this.#publisher.reach(this.#last))?.catch(() => {});
  }

  #await(accepted: Promise<Position>): void {
    this.#pending++;
    const settle = () => {
      if (--this.#pending === 0) this.#settling.release();
    };
    accepted.then((position) => {
      this.#last = position;
      settle();
    }, settle);
  }

  /** Has nothing broadcast from now on. */
  stop(): void {
    this.#closed = true;
  }

  /** Closes the engine. */
  async close(): Promise<void> {
    this.stop();
    await this.#publisher.close();
  }
}
