/**
 * Several processes as one server, through Redis (7.0 or later) or Valkey.
 *
 * @example Two processes, or any number
 * ```ts no-eval
 * import { SSEServer } from "@sseserver/sseserver";
 * import { redis } from "@sseserver/sseserver/redis";
 *
 * const sse = new SSEServer({
 *   engine: redis({ url: "redis://localhost:6379" }),
 * });
 * await sse.publish({ namespace: "/news", data: "heard on all of them" });
 * await sse.serve({ port: 8001 });
 * ```
 *
 * @module
 */

import type { Engine } from "../engine.ts";
import { checkNames } from "../option_check.ts";
import { quote } from "../quote.ts";
import { clientsFor, freshClient, type RedisClient } from "./redis/driver.ts";
import { RedisEngine } from "./redis/engine.ts";
import { keysOf } from "./redis/keys.ts";

export type { RedisClient } from "./redis/driver.ts";

/** Options of {@linkcode redis}: `url` or `client`, and what may be left out. */
export interface RedisOptions {
  /**
   * Where Redis is: `redis://[user:password@]host[:port][/database]`, with `rediss:`
   * for TLS. The package `redis` (node-redis, 6 or later) has to be installed.
   */
  readonly url?: string;
  /**
   * A client of node-redis in place of `url`, whose options are taken. It is not used
   * itself and need not be connected: each engine has two connections of its own.
   */
  readonly client?: RedisClient;
  /**
   * What the names of all keys and channels begin with: servers with the same prefix
   * on the same database are one. From 1 to 64 letters, digits, `.`, `:`, `_` or `-`.
   *
   * @default {"sse"}
   */
  readonly prefix?: string;
}

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof RedisOptions>([
  "url",
  "client",
  "prefix",
]);

/**
 * Makes the engine that connects all servers which have the same Redis and prefix:
 * what one broadcasts the readers of all hear, in the same order and with the same
 * ids, and a client may come back to any of them.
 *
 * It connects when its server is first used, waits while Redis is not there, and comes
 * back by itself; the server's `onError` is told. Until then `publish()` rejects.
 *
 * Throws a `TypeError` or `RangeError` that names the option when one is not as
 * {@linkcode RedisOptions} has it.
 */
export function redis(options: RedisOptions): Engine {
  checkNames(options, OPTION_NAMES, "Cannot make a Redis engine");
  const { url, client, prefix = "sse" } = options;
  if ((url === undefined) === (client === undefined)) {
    throw new TypeError(
      "Cannot make a Redis engine as it needs either 'url' or 'client'",
    );
  }
  if (url !== undefined) checkURL(url);
  if (
    client !== undefined &&
    (typeof client !== "object" || typeof client?.duplicate !== "function")
  ) {
    throw new TypeError(
      "Cannot make a Redis engine as 'client' must be a client of node-redis",
    );
  }
  if (typeof prefix !== "string" || !/^[\w.:-]{1,64}$/.test(prefix)) {
    throw new RangeError(
      `Cannot make a Redis engine as 'prefix' must have from 1 to 64 letters, digits, '.', ':', '_' or '-': current value is ${
        quote(prefix)
      }`,
    );
  }
  return new RedisEngine({
    async connect() {
      const newClient = client === undefined
        ? await clientsFor(url!)
        : () => freshClient(client);
      const { database = 0 } = newClient().options ?? {};
      return { newClient, keys: keysOf(prefix, database) };
    },
  });
}

function checkURL(url: string): void {
  // The value is not shown: there may be a password in it.
  const { protocol, pathname } = URL.canParse(url)
    ? new URL(url)
    : { protocol: "", pathname: "" };
  if (!/^rediss?:$/.test(protocol)) {
    throw new TypeError(
      "Cannot make a Redis engine as 'url' must be a URL that begins with redis:// or rediss://",
    );
  }
  if (!/^(\/\d*)?$/.test(pathname)) {
    throw new TypeError(
      `Cannot make a Redis engine as the path of 'url' must be the number of a database: current value is ${
        quote(pathname)
      }`,
    );
  }
}
