import { setImmediate } from "node:timers";

/** Longest time that {@linkcode until} waits; below the 5 s that Bun gives a test. */
const PATIENCE = 20_000;

/** Lets the event loop go round so many times. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Runs what is waiting in microtasks, and nothing else. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await undefined;
}

/** Waits until `holds` does; fails with `what` when that takes too long. */
export async function until(
  holds: () => boolean,
  what: string,
): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Never came: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}
