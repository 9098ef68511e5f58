// Gives tests on Bun the time that they have elsewhere.
import "./runtime.ts";

/** Longest wait for anything, in milliseconds: far more than a busy machine takes. */
const PATIENCE = 30_000;

/** Waits for a condition; throws once it has not come about for a long time. */
export async function until(
  condition: () => boolean,
  what: string | (() => string) = () => String(condition),
  patience: number = PATIENCE,
): Promise<void> {
  const deadline = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(
        `Waited in vain: ${typeof what === "string" ? what : what()}`,
      );
    }
    await sleep(5);
  }
}

/** Lets time pass: only where nothing can be waited for, as for silence. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
