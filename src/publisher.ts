import type { Engine, EngineSink, Position } from "./engine.ts";
import type { Bytes } from "./slab.ts";

/** Longest time that {@linkcode inTime} takes, in milliseconds. */
const TIMEOUT = 3_000;

/**
 * Keeps an engine to its contract: started once, at the first use, and never
 * used before it is ready or after it was closed.
 */
export class Publisher {
  readonly #engine: Engine;
  readonly #sink: EngineSink;
  #started = false;
  #closed = false;
  /** Pending while the engine gets ready; rejected for good if it does not. */
  #starting: Promise<void> | undefined;

  constructor(engine: Engine, sink: EngineSink) {
    this.#engine = engine;
    this.#sink = sink;
  }

  /** Starts the engine, if need be; a promise until it is ready. */
  start(): Promise<void> | undefined {
    if (!this.#started && !this.#closed) {
      this.#started = true;
      this.#starting = this.#startEngine()?.then(() => {
        this.#starting = undefined;
      });
      // Reported by everyone who waits for it.
      this.#starting?.catch(() => {});
    }
    return this.#starting;
  }

  /**
   * Has the engine accept an event. Throws or rejects when it does not; a promise
   * may take for ever.
   */
  accept(namespace: string, body: Bytes): Position | Promise<Position> {
    const starting = this.start();
    const publish = () => {
      if (this.#closed) {
        throw new Error("Cannot publish as the server is closed");
      }
      return this.#engine.publish(namespace, body);
    };
    return starting === undefined ? publish() : starting.then(publish);
  }

  /** Refuses everything from now on, then closes the engine if it was started. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting?.catch(() => {});
    if (this.#started) await this.#engine.close();
  }

  #startEngine(): Promise<void> | undefined {
    try {
      const result = this.#engine.start(this.#sink);
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

/** What was accepted; rejects with a TimeoutError where it has not been within 3 s. */
export async function inTime<T>(accepted: T | Promise<T>): Promise<T> {
  if (!isPromise(accepted)) return accepted;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new DOMException(
            `Cannot publish as the engine has not answered within ${TIMEOUT} ms: it may still arrive, once`,
            "TimeoutError",
          ),
        ),
      TIMEOUT,
    );
  });
  try {
    return await Promise.race([accepted, late]);
  } finally {
    clearTimeout(timer);
  }
}
