import type { Engine, EngineHost, EngineSink, Position } from "./engine.ts";
import type { Bytes } from "./slab.ts";
import { Waiters } from "./waiters.ts";

/** Longest time that anyone waits for an engine, in milliseconds. */
const TIMEOUT = 3_000;
/** Bytes that wait for an engine to get ready at most. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What an event takes besides its bytes while it waits, about. */
const OVERHEAD = 512;

/**
 * Keeps an engine to its contract: started once, at the first use, and never
 * used before it is ready or after it was closed.
 */
export class Publisher {
  readonly #engine: Engine;
  readonly #sink: EngineSink;
  readonly #host: EngineHost;
  #started = false;
  #closed = false;
  /** Pending while the engine gets ready; rejected for good if it does not. */
  #starting: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Those who wait for it to get ready, or not. */
  readonly #waiters: Waiters = new Waiters();
  #waitingBytes = 0;

  constructor(engine: Engine, sink: EngineSink, host: EngineHost) {
    this.#engine = engine;
    this.#sink = sink;
    this.#host = host;
  }

  /** Starts the engine, if need be; a promise until it is ready. */
  start(): Promise<void> | undefined {
    if (!this.#started && !this.#closed) {
      this.#started = true;
      this.#starting = this.#startEngine()?.then(() => {
        this.#starting = undefined;
        // At once: nobody who comes now is to overtake them.
        this.#waiters.release();
      });
      // Reported by everyone who waits for it.
      this.#starting?.catch((error) => {
        this.#failure = { error };
        this.#waiters.release();
      });
    }
    return this.#starting;
  }

  /** The same for 3 s at most, then it rejects; of which there may be any number. */
  ready(): Promise<void> | undefined {
    return this.start() === undefined
      ? undefined
      : this.#whenReady(() => undefined);
  }

  /**
   * Has the engine accept an event. Throws or rejects when it does not; a promise
   * may take for ever.
   */
  accept(
    namespace: string,
    body: Bytes,
    key?: string,
  ): Position | Promise<Position> {
    const publish = () => {
      if (this.#closed) {
        throw new Error("Cannot publish as the server is closed");
      }
      return this.#engine.publish(namespace, body, key);
    };
    return this.start() === undefined
      ? publish()
      : this.#publishLater(body.length, publish);
  }

  /**
   * Resolves once all up to a place has been delivered; rejects where it cannot be;
   * `undefined`: it has, or there is none.
   */
  reach(position: Position): Promise<void> | undefined {
    if (!this.#started || this.#closed) return undefined;
    return this.#engine.reach?.(position);
  }

  /** Refuses everything from now on, then closes the engine if it was started. */
  async close(): Promise<void> {
    this.#closed = true;
    // Also while it gets ready: it may wait for what is not there, for ever.
    if (this.#started) await this.#engine.close();
  }

  /** Has `go` called once the engine is ready; rejects where it is not within 3 s. */
  #whenReady<T>(go: () => T | Promise<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      this.#waiters.add(TIMEOUT, (hasCome) => {
        if (this.#failure !== undefined) reject(this.#failure.error);
        else if (!hasCome) reject(notInTime());
        else {
          try {
            resolve(go());
          } catch (error) {
            reject(error);
          }
        }
      });
    });
  }

  /** Publishes once the engine is ready, unless nobody waits for that any more. */
  async #publishLater(
    size: number,
    publish: () => Position | Promise<Position>,
  ): Promise<Position> {
    if (this.#waitingBytes > MOST_BYTES) {
      throw new Error(
        `Cannot publish as ${this.#waitingBytes} bytes wait for the engine already`,
      );
    }
    this.#waitingBytes += size + OVERHEAD;
    try {
      return await this.#whenReady(publish);
    } finally {
      this.#waitingBytes -= size + OVERHEAD;
    }
  }

  #startEngine(): Promise<void> | undefined {
    try {
      const result = this.#engine.start(this.#sink, this.#host);
      return isPromise(result) ? result : undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Also one of another realm. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === "function";
}

/** What it comes to; rejects with a TimeoutError where that takes longer than 3 s. */
export async function inTime<T>(accepted: T | Promise<T>): Promise<T> {
  if (!isPromise(accepted)) return accepted;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(notInTime(": it may still arrive, once")),
      TIMEOUT,
    );
  });
  try {
    return await Promise.race([accepted, late]);
  } finally {
    clearTimeout(timer);
  }
}

function notInTime(more = ""): DOMException {
  return new DOMException(
    `Cannot publish as the engine has not answered within ${TIMEOUT} ms${more}`,
    "TimeoutError",
  );
}
