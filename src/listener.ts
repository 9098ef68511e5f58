/** What a listener is started with, on any runtime. */
export interface ListenOptions {
  /** From 0 to 65,535; 0: any free one. */
  readonly port: number;
  /** Name or address to listen on. */
  readonly hostname: string;
  /** Whether others may listen there too. */
  readonly reusePort: boolean;
  /** Answers requests; `info` is what the runtime knows of the connection. */
  fetch(request: Request, info: object): Response | Promise<Response>;
  /** Told of what goes wrong later on, apart from requests. Must not throw. */
  onError(error: unknown): void;
}

/** A socket that is being listened on. */
export interface Listener {
  /** The port; the one chosen where 0 was asked for. */
  readonly port: number;
  /** Resolves once it has closed. */
  readonly finished: Promise<void>;
  /**
   * Gives responses {@linkcode CLOSE_GRACE} to end, then closes every connection
   * and resolves. What is asked meanwhile is up to `fetch`.
   */
  close(): Promise<void>;
}

/**
 * Milliseconds that responses get to end when a listener closes: streams have
 * been ended by then, so only a client that does not read takes longer.
 */
export const CLOSE_GRACE = 500;

/** Waits for a promise, but not for longer than the grace. */
export async function graceFor(ended: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([
    ended,
    new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_GRACE)),
  ]);
  clearTimeout(timer);
}
