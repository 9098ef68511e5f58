import type { Clock } from "./clock.ts";
import type { Reader } from "./reader.ts";
import { SEGMENT_BYTES } from "./segment.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What is handed out before sockets get their turn: so many bytes for each
 * millisecond of waiting, so that a program that does much in each turn still leaves
 * time to deliver, between bounds, so that sockets never wait for long.
 */
const BUDGET = { perMillisecond: MIB, min: 16 * MIB, max: 48 * MIB };

/** What serving a reader costs besides its bytes, in bytes that take as long. */
const SERVICE_COST = 8 * KIB;

/**
 * How many segments a reader may take when it is served: several writes to a
 * socket in a row cost half as much as one to each in turn.
 */
const QUANTUM = { min: 4, max: 32 };

/** How far readers get apart because they are served one after the other, in bytes. */
export const SPREAD: number = QUANTUM.max * SEGMENT_BYTES;

/**
 * When the line is too long and even the fastest reader of those in it is more
 * bytes than this behind, more is published than can be delivered.
 */
const PRESSURE = MIB;

/** Longest time that {@linkcode WaitingLine.relief} holds anyone back, in milliseconds. */
const RELIEF = 1_000;

/**
 * The readers that asked for more while they were behind, first come, first
 * served.
 *
 * Whoever stands here waits for the server, not the server for its client. So
 * nobody here is slow, and a long line means that more is published than can be
 * delivered.
 */
export class WaitingLine {
  readonly #clock: Clock;
  #readers: Reader[] = [];
  /** How many of those who waited when the round began still do. */
  #round = 0;
  #overdue = false;
  #busy = false;
  #wasOverdue = false;
  #relief:
    | { promise: Promise<void>; resolve(): void; timer: unknown }
    | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the last turn could not serve all who waited. */
  get isOverdue(): boolean {
    return this.#overdue;
  }

  /** The same for any turn since a second ago or two. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Whether everyone who waited when the round began has been served. */
  get isRoundOver(): boolean {
    return this.#round <= 0;
  }

  /** Begins a round: of all who wait now. */
  beginRound(): void {
    this.#round = this.#readers.length;
  }

  /** Lets a second go by. */
  tick(): void {
    this.#busy = this.#wasOverdue;
    this.#wasOverdue = this.#overdue;
  }

  /**
   * Resolves once the server is not at its limit any more, but within a second;
   * `undefined` while it is not.
   */
  get relief(): Promise<void> | undefined {
    return this.#relief?.promise;
  }

  /** Lets a reader wait for its turn. */
  add(reader: Reader): void {
    reader.parked = true;
    this.#readers.push(reader);
  }

  /**
   * Serves those in front, `elapsed` milliseconds after they asked. Returns
   * whether some could not be served.
   */
  serve(elapsed: number): boolean {
    const { perMillisecond, min, max } = BUDGET;
    let budget = Math.max(min, Math.min(max, elapsed * perMillisecond));
    const waiting = this.#readers;
    this.#readers = [];
    const share = budget / waiting.length / SEGMENT_BYTES;
    const credit = Math.max(
      QUANTUM.min,
      Math.min(QUANTUM.max, Math.floor(share)),
    );
    let late = false;
    let served = 0;
    for (; served < waiting.length && budget > 0; served++) {
      const reader = waiting[served]!;
      reader.parked = false;
      if (reader.closed) continue;
      const { lag } = reader;
      // What a slow client is behind is nobody's fault but its own.
      late ||= reader.leadLag > PRESSURE;
      budget -= Math.min(lag, credit * SEGMENT_BYTES) + SERVICE_COST;
      reader.credit = credit - 1;
      reader.serve();
    }
    this.#round -= served;
    this.#overdue = served < waiting.length;
    if (this.#overdue) this.#busy = this.#wasOverdue = true;
    // Those who asked again meanwhile stand behind those who still wait.
    if (this.#overdue) {
      this.#readers = waiting.slice(served).concat(this.#readers);
    }
    if (late && this.#overdue) this.#relief ??= this.#newRelief();
    else this.relieve();
    return this.#overdue;
  }

  /** Lets those go on who wait for relief. */
  relieve(): void {
    if (this.#relief === undefined) return;
    this.#clock.clearTimeout(this.#relief.timer);
    this.#relief.resolve();
    this.#relief = undefined;
  }

  #newRelief(): { promise: Promise<void>; resolve(): void; timer: unknown } {
    let resolve = () => {};
    const promise = new Promise<void>((settle) => resolve = settle);
    const timer = this.#clock.setTimeout(() => this.relieve(), RELIEF);
    return { promise, resolve, timer };
  }
}
