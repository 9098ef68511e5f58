import { macrotask } from "./host.ts";

/** What is to be done in a turn of the event loop. */
export interface TurnWork {
  /** Sends what has been broadcast since the last call. */
  flush(): void;
  /**
   * Serves the readers that asked for more while they were behind, `elapsed`
   * milliseconds after that was requested. Returns whether some are still waiting.
   */
  serve(elapsed: number): boolean;
}

/**
 * Milliseconds after a flush in which the server counts as busy. A message
 * that comes later than that leaves in a microtask.
 */
const BUSY = 1;

/**
 * How many turns the event loop gets for itself before the next readers are
 * served while more are waiting than a turn serves. Node accepts one connection a
 * turn, so without them a saturated server would hardly let anyone in; a turn in
 * which nothing happens takes some microseconds.
 */
const BREATHS = 4;

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
  #requested = 0;
  #breaths = 0;

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
    this.#requested = performance.now();
    macrotask(() => this.#inMacrotask());
  }

  #inMicrotask(): void {
    this.#micro = false;
    this.#flush();
  }

  #inMacrotask(): void {
    if (this.#breaths > 0) {
      this.#breaths--;
      macrotask(() => this.#inMacrotask());
      return;
    }
    const requested = this.#requested;
    this.#macro = false;
    this.#flush();
    if (this.#work.serve(performance.now() - requested)) {
      this.#breaths = BREATHS;
      this.requestServe();
    }
  }

  #flush(): void {
    this.#work.flush();
    this.#flushed = performance.now();
  }
}
