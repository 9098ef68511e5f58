import { macrotask } from "../host.ts";
import { quote } from "../quote.ts";

// Taken when this is loaded, so that time-outs stay real in tests that replace the
// global timers.
const { setTimeout, clearTimeout } = globalThis;

/** Longest wait: what a timer takes (WHATWG HTML 8.6, a 32-bit integer). */
const LONGEST = 2 ** 31 - 1;

/** Not a DOMException: those of Bun 1.4 do not tell which line has waited. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Undoes what {@linkcode startDeadline} has started. */
export type StopDeadline = () => void;

/**
 * Calls back after so many milliseconds of real time, and a turn in which what has
 * come in time can be read, as when the machine was too busy for the program. Keeps
 * the program alive.
 */
export function startDeadline(time: number, late: () => void): StopDeadline {
  let isStopped = false;
  const timer = setTimeout(async () => {
    await turn();
    if (!isStopped) late();
  }, time);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Stands for what has not come in time. */
export const LATE: unique symbol = Symbol("late");

/** What a promise comes to, or `LATE` once so many milliseconds have passed. */
export async function within<T>(
  promise: Promise<T>,
  time: number,
): Promise<T | typeof LATE> {
  let stop: StopDeadline = () => {};
  const late = new Promise<typeof LATE>((resolve) => {
    stop = startDeadline(time, () => resolve(LATE));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop();
  }
}

/** Checks a time-out that someone has given; returns it. */
export function parseTimeout(timeout: number): number {
  if (typeof timeout !== "number" || !(timeout >= 0 && timeout <= LONGEST)) {
    throw new RangeError(
      `Cannot wait as 'timeout' must be from 0 to ${LONGEST} milliseconds: current value is ${
        quote(timeout)
      }`,
    );
  }
  return timeout;
}

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => macrotask(resolve));
}
