/**
 * Where the server takes its time and timers from.
 *
 * A test passes one of its own to drive keepalives and time-outs by hand, such as
 * `TestClock` of `@sseserver/sseserver/testing`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls back once after `delay` milliseconds; must not keep the program alive. */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Undoes {@linkcode Clock.setTimeout}. */
  clearTimeout(timer: unknown): void;
}

/** The host's own clock, with timers that let a program end. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, delay) {
    const timer: ReturnType<typeof setTimeout> | { unref?(): void } =
      setTimeout(callback, delay);
    unref(timer);
    return timer;
  },
  clearTimeout(timer) {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  },
};

/** Deno 2.9, Bun 1.4 and Node return an object; a browser-like host a number. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  }
}
