import type { Grant } from "./grant.ts";

/** Options of {@linkcode SSEServer.subscribe}. */
export interface SubscribeOptions extends Omit<Grant, "namespaces"> {
  /**
   * What the host passed to fetch besides the request; in Hono, `c.env`. It
   * tells the client's address, and on Bun keeps the stream from timing out.
   */
  readonly info?: unknown;
  /** Further headers of the response. */
  readonly headers?: Headers | [string, string][] | Record<string, string>;
  /**
   * Sends a client without a valid id the last message of each namespace that it
   * hears first: the newest 1,000, as far as 1 MiB goes. Needs a `history`.
   *
   * @default {false}
   */
  readonly latest?: boolean;
}

/** What {@linkcode SSEServer.ticket} grants. */
export interface TicketGrant extends Grant {
  /** Namespaces that may be heard, as in {@linkcode Grant}; at least one. */
  readonly namespaces: readonly string[];
  /**
   * When it ends, as in {@linkcode Grant}; the client can come back until then.
   * By default in an hour.
   */
  readonly expires?: number | Date;
}

/** Options of {@linkcode SSEServer.close}. */
export interface CloseOptions {
  /**
   * Milliseconds over which the streams end, one after the other, so that their
   * clients do not come back all at once. From 0 to 3,600,000.
   *
   * @default {0}
   */
  readonly drain?: number;
}
