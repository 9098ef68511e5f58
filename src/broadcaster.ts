import { type Engine, formatId, type Position } from "./engine.ts";
import type { Hub } from "./hub.ts";
import { encodeBody, type SSEMessage } from "./message.ts";
import { parseNamespace } from "./namespace.ts";
import { encodeEnd } from "./notice.ts";
import { inTime, isPromise, Publisher } from "./publisher.ts";
import type { Limits } from "./settings.ts";
import type { Bytes } from "./slab.ts";

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
  report(error: unknown): void;
}

/** Takes messages from the program, and has the engine accept them. */
export class Broadcaster {
  readonly #options: BroadcasterOptions;
  readonly #publisher: Publisher;
  #closed = false;

  constructor(options: BroadcasterOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options.engine, options.hub);
  }

  /** Starts the engine, if need be; a promise until it is ready. */
  start(): Promise<void> | undefined {
    return this.#publisher.start();
  }

  /** Checks a message. Throws a TypeError or RangeError that names the field. */
  encode(message: SSEMessage): Encoded {
    if (typeof message !== "object" || message === null) {
      throw new TypeError(
        `Cannot broadcast as the message must be an object: current value is ${message}`,
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
  broadcast({ namespace, body }: Encoded): void {
    if (this.#closed) return;
    try {
      const accepted = this.#publisher.accept(namespace, body);
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

  /** The same without a limit to how long it takes. Throws or rejects. */
  accept({ namespace, body }: Encoded): Position | Promise<Position> {
    if (this.#closed) {
      throw new Error("Cannot publish as the server is closed");
    }
    return this.#publisher.accept(namespace, body);
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
