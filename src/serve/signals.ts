/**
 * Ends the process on SIGINT and SIGTERM once every server in it has closed.
 * Signals belong to the process, so this is the one place that is shared between
 * servers.
 *
 * @module
 */

import { systemClock } from "../clock.ts";

interface SignalHost {
  readonly process?: {
    on(signal: string, listener: () => void): void;
    off(signal: string, listener: () => void): void;
    exit(code: number): never;
  };
}

// Deno has it too, and leaves out signals that Windows does not have.
const { process } = globalThis as unknown as SignalHost;

const SIGNALS = { SIGINT: 2, SIGTERM: 15 };

/** A signal that ends the process. */
export type EndSignal = keyof typeof SIGNALS;

/**
 * Milliseconds between the end of closing and the end of the process, for what
 * the program itself does once `finished` resolves. It ends earlier when
 * nothing keeps it alive.
 */
const EXIT_GRACE = 500;

const closers = new Set<(signal: EndSignal) => Promise<void>>();
const listeners = new Map<string, () => void>();
let closing = false;

/**
 * Has `close` called on the first SIGINT or SIGTERM, after which the process
 * ends with code 0; a second signal ends it at once with 128 plus its number.
 * Returns what undoes this.
 */
export function onSignal(
  close: (signal: EndSignal) => Promise<void>,
): () => void {
  if (closers.size === 0 && listeners.size === 0) {
    for (const signal of Object.keys(SIGNALS) as EndSignal[]) {
      const listener = () => void shutDown(signal);
      listeners.set(signal, listener);
      process?.on(signal, listener);
    }
  }
  closers.add(close);
  return () => {
    closers.delete(close);
    // While the process is ending, a second signal still has to end it at once.
    if (closers.size > 0 || closing) return;
    for (const [signal, listener] of listeners) {
      process?.off(signal, listener);
    }
    listeners.clear();
  };
}

async function shutDown(signal: EndSignal): Promise<void> {
  if (closing) process?.exit(128 + SIGNALS[signal]);
  closing = true;
  await Promise.allSettled([...closers].map((close) => close(signal)));
  systemClock.setTimeout(() => process?.exit(0), EXIT_GRACE);
}
