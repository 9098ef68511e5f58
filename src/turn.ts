import { macrotask } from "./host.ts";

/** What is to be done in a turn of the event loop. */
export interface TurnWork {
  /** Sends what has been broadcast since the last call. */
  flush(): void;
  /** Serves the readers that asked for more while they were behind. */
  serve(): void;
}

/**
 * Milliseconds after a flush in which the server counts as busy. A message
 * that comes later than that leaves in a microtask.
 */
const BUSY = 1;

/**
 * Decides when to flush: a lone message leaves at once, a busy server works
 * once a turn.
 *
 * Under load, flushes wait for the next macrotask: turns then grow longer and
 * what is sent in each larger by themselves, and sockets, timers and new
 * connections get their turn in between, which microtasks alone would starve.
 */
export class Turn {
  readonly #work: TurnWork;
  #micro = false;
  #macro = false;
  #flushed = -Infinity;

  constructor(work: TurnWork) {
    this.#work = work;
  }

  /** Has `flush` called soon. */
  requestFlush(): void {
    if (this.#micro || this.#macro) return;
    if (performance.now() - this.#flushed < BUSY) {
      this.requestServe();
    } else {
      this.#micro = true;
      queueMicrotask(() => this.#inMicrotask());
    }
  }

  /** Has `flush`, then `serve` called in the next macrotask. */
  requestServe(): void {
    if (this.#macro) return;
    this.#macro = true;
    macrotask(() => this.#inMacrotask());
  }

  #inMicrotask(): void {
    this.#micro = false;
    this.#flush();
  }

  #inMacrotask(): void {
    this.#macro = false;
    this.#flush();
    this.#work.serve();
  }

  #flush(): void {
    this.#work.flush();
    this.#flushed = performance.now();
  }
}
