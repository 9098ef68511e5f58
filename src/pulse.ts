import type { Clock } from "./clock.ts";
import { KeepAliveWheel } from "./keepalive.ts";
import type { Reader } from "./reader.ts";

/** What the beat depends on, in milliseconds; see the options of the hub. */
export interface PulseOptions {
  readonly keepAlive: number;
  readonly stallTimeout: number;
  readonly clock: Clock;
}

/** How often readers are looked at, in milliseconds, when no option asks for more. */
const TICK = 1_000;
/** Below Bun's default idle time-out of 10 s. */
const IMPATIENT_KEEP_ALIVE = 8_000;

/** The one timer that readers are looked after by, and whose turn it is. */
export class Pulse {
  /**
   * Milliseconds for which the event loop has run. It does not count time in
   * which the whole process was held up, when nobody could have read.
   */
  activeTime = 0;

  readonly #clock: Clock;
  readonly #beat: () => void;
  /** Milliseconds from one beat to the next. */
  readonly interval: number;
  readonly #keepAlive: number;
  readonly #wheel: KeepAliveWheel;
  readonly #fastWheel: KeepAliveWheel;
  #timer: unknown;
  #tickedAt = 0;

  constructor(
    { keepAlive, stallTimeout, clock }: PulseOptions,
    beat: () => void,
  ) {
    this.#clock = clock;
    this.#beat = beat;
    this.#keepAlive = keepAlive;
    this.interval = Math.max(
      10,
      Math.min(TICK, stallTimeout / 4, keepAlive === 0 ? TICK : keepAlive / 4),
    );
    this.#wheel = new KeepAliveWheel(keepAlive);
    this.#fastWheel = new KeepAliveWheel(
      Math.min(keepAlive || Infinity, IMPATIENT_KEEP_ALIVE),
    );
  }

  /** Begins to beat, unless it does. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#tickedAt = this.#clock.now();
    this.#schedule();
  }

  /** Stops. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Takes a reader in; `isImpatient` where its host needs to hear more often. */
  add(reader: Reader, isImpatient: boolean): void {
    if (isImpatient) this.#fastWheel.add(reader);
    else if (this.#keepAlive > 0) this.#wheel.add(reader);
  }

  /** The readers who are to get a sign of life. */
  *silent(): Generator<Reader> {
    for (const reader of this.#wheel.due(this.activeTime)) {
      // Silence then lasts one and a half intervals at most.
      if (this.activeTime - reader.takenAt >= this.#keepAlive / 2) yield reader;
    }
    yield* this.#fastWheel.due(this.activeTime);
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      const now = this.#clock.now();
      const elapsed = Math.max(0, now - this.#tickedAt);
      this.activeTime += Math.min(elapsed, 2 * this.interval);
      this.#tickedAt = now;
      this.#schedule();
      // May stop it.
      this.#beat();
    }, this.interval);
  }
}
