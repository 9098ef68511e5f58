/** What a server answers to a client that has seen the end of all that it hears. */
export const NO_CONTENT = 204;

/** Milliseconds that it has to answer. */
const ANSWER_TIME = 30_000;

/**
 * Asks a server whether all that a stream hears has ended, as EventSource does not tell
 * why it gave up: by `HEAD`, which takes no stream and leaves a ticket good. False where
 * there is no answer, or none until `closed` aborts.
 */
export async function hasEnded(
  address: string,
  withCredentials: boolean,
  closed: AbortSignal,
): Promise<boolean> {
  if (closed.aborted) return false;
  const asking = new AbortController();
  const abort = () => asking.abort();
  const timer = setTimeout(abort, ANSWER_TIME);
  closed.addEventListener("abort", abort);
  try {
    const { status } = await fetch(address, {
      method: "HEAD",
      credentials: withCredentials ? "include" : "same-origin",
      signal: asking.signal,
    });
    return status === NO_CONTENT;
  } catch {
    // It is away, or no page may ask it.
    return false;
  } finally {
    clearTimeout(timer);
    closed.removeEventListener("abort", abort);
  }
}
