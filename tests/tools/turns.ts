import { setImmediate } from "node:timers";

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
