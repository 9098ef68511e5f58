/** Whatever answers requests: an `SSEServer`, a Hono app, a default export. */
export interface FetchTarget {
  /** Answers a request; `info` is what the host passes besides it. */
  fetch(request: Request, info?: unknown): Response | Promise<Response>;
}

/** What a client asks for. */
export interface TestRequestOptions {
  /**
   * The method of the request.
   *
   * @default {"GET"}
   */
  readonly method?: string;
  /** Sent besides `Accept: text/event-stream`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent again with every reconnect. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /**
   * What the host is to pass to fetch as its second argument, such as
   * `{ remoteAddr: { hostname: "192.0.2.1" } }` for the client's address; in Hono
   * it is `c.env`.
   *
   * @default {{}}
   */
  readonly info?: unknown;
}

/** How long a client waits. */
export interface WaitOptions {
  /**
   * Milliseconds of real time, whatever clock the server has. From 0 to
   * 2,147,483,647. By default that of the client.
   */
  readonly timeout?: number;
}

/** Options of {@linkcode TestClient.of}. */
export interface TestClientOptions {
  /**
   * Milliseconds of real time that everything that is waited for may take, unless
   * told otherwise there. From 0 to 2,147,483,647.
   *
   * @default {1_000}
   */
  readonly timeout?: number;
  /**
   * Bytes of one response at most. One that brings more fails, so that a stream
   * that never pauses ends the test instead of filling memory.
   *
   * @default {67_108_864}
   */
  readonly maxBytes?: number;
}

/** Options of {@linkcode TestClient.open}. */
export interface TestOpenOptions extends TestClientOptions, TestRequestOptions {
  /**
   * The id of the last event that the client got, as one that comes back has it.
   *
   * @default {""}
   */
  readonly lastEventId?: string;
}
