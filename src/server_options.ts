import type { Grant } from "./grant.ts";
import type { SSEHubOptions } from "./options.ts";

/** Who may read streams from a page of another origin (Fetch, CORS protocol). */
export interface CORSOptions {
  /**
   * Origins that may: `"*"` for any, or exact ones such as
   * `"https://app.example.com"`.
   *
   * @default {"*"}
   */
  readonly origin?: string | readonly string[];
  /**
   * Whether they may send cookies. Needs exact origins.
   *
   * @default {false}
   */
  readonly credentials?: boolean;
  /** Seconds for which a browser may remember the answer to a preflight. */
  readonly maxAge?: number;
}

/** What someone wants to do: open a stream, or publish. */
export type Action = "subscribe" | "publish";

/**
 * Decides what a request may do: `true` is everything that it asks for, `false`
 * is answered with 403, a {@linkcode Grant} narrows it, a Response is the answer.
 * What it throws or rejects with goes to `onError`, and the client is refused for
 * now; so it is after 10 s. It must not read the body of what is published.
 *
 * `namespaces` is what it asks for, normalised: one where it wants to publish.
 * `info` is the second argument of the host's fetch.
 */
export type Authorize = (
  request: Request,
  namespaces: readonly string[],
  info: unknown,
  action: Action,
) => boolean | Response | Grant | Promise<boolean | Response | Grant>;

/**
 * Who may publish by `POST /publish/<namespace>`. With both, the token is looked
 * at first.
 */
export interface PublishOptions {
  /**
   * Allows everything to whoever sends it in an `Authorization: Bearer` header
   * (RFC 6750 2.1). At least 16 characters.
   */
  readonly token?: string;
  /** Decides where there is no such token. */
  readonly authorize?: Authorize;
}

/** Who may use what is under `/admin/`. */
export interface AdminOptions {
  /**
   * Opens the console from anywhere, as `/admin/?key=…` or in an
   * `Authorization: Bearer` header, and allows watching events and disconnecting
   * streams. At least 16 characters. By default one is made when serve() starts,
   * which prints it.
   */
  readonly key?: string;
  /**
   * Decides in place of the key and of where a request comes from: `true` allows
   * everything, `false` is answered with 403, a Response as it is. `info` is the
   * second argument of the host's fetch.
   */
  readonly authorize?: (
    request: Request,
    info: unknown,
  ) => boolean | Response | Promise<boolean | Response>;
}

/** Options of an {@linkcode SSEServer}; every one may be left out. */
export interface SSEServerOptions extends SSEHubOptions {
  /**
   * Whether a client may subscribe to `/`, which hears everything. Otherwise 403.
   * By default it may, unless `authorize` is set.
   */
  readonly rootSubscribe?: boolean;
  /**
   * Decides who may hear what, before a stream is opened; replays what it allows
   * just the same. By default everyone may hear everything. A `?ticket=` that
   * {@linkcode SSEServer.ticket} has issued is looked at in its place.
   */
  readonly authorize?: Authorize;
  /**
   * Who may publish by `POST /publish/<namespace>`; `false` for nobody.
   *
   * @default {false}
   */
  readonly publish?: false | PublishOptions;
  /**
   * Who may use what is under `/admin/`: `true` everyone, `false` nobody. By
   * default clients on this machine that come without a proxy may read, and who
   * has the key may do everything.
   */
  readonly admin?: boolean | AdminOptions;
  /**
   * Who may subscribe from a page of another origin; `false` for nobody. By
   * default pages of any origin may, unless `authorize` is set.
   */
  readonly cors?: false | CORSOptions;
}
