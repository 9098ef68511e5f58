import type { Engine, EngineHost, EngineSink, Position } from "./engine.ts";
import type { Bytes } from "./slab.ts";

/** Longest time that anyone waits for an engine, in milliseconds. */
const TIMEOUT = 3_000;

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
  accept(
    namespace: string,
    body: Bytes,
    key?: string,
  ): Position | Promise<Position> {
    const starting = this.start();
    const publish = () => {
      if (this.#closed) {
        throw new Error("Cannot publish as the server is closed");
      }
      return this.#engine.publish(namespace, body, key);
    };
    if (starting === undefined) return publish();
    const asked = performance.now();
    return starting.then(() => {
      // Nobody waits for it any more, nor expects that it comes after all.
      if (performance.now() - asked > TIMEOUT) throw notInTime();
      return publish();
    });
  }

  /**
   * Resolves once all up to a place has been delivered; rejects where it cannot be;
   * `undefined`: it has, or there is none.
   */
  reach(position: Position): Promise<void> | undefined {
    return this.#engine.reach?.(position);
  }

  /** Refuses everything from now on, then closes the engine if it was started. */
  async close(): Promise<void> {
    this.#closed = true;
    // Also while it gets ready: it may wait for what is not there, for ever.
    if (this.#started) await this.#engine.close();
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
