/**
 * Calls what the program has passed: out of the way of whatever is going on, so that
 * nothing it throws or rejects with can break that.
 */
export class Callbacks {
  readonly #onError: (error: unknown) => unknown;

  constructor(onError: (error: unknown) => unknown) {
    this.#onError = onError;
  }

  /** Calls back in a microtask; what goes wrong is reported. */
  call(callback: () => unknown): void {
    queueMicrotask(async () => {
      try {
        await callback();
      } catch (error) {
        this.report(error);
      }
    });
  }

  /** Tells `onError` of what went wrong where nobody waits for it. */
  report(error: unknown): void {
    queueMicrotask(async () => {
      try {
        await this.#onError(error);
      } catch (failure) {
        console.error("onError failed:", failure, "while it was told:", error);
      }
    });
  }
}
