import { withPackage } from "../../optional_package.ts";

/**
 * What the engine needs of a client of Redis: node-redis' `createClient()` returns
 * one (package `redis`, 6 or later).
 */
export interface RedisClient {
  /** What it was made with. */
  readonly options?: {
    readonly socket?: object;
    readonly database?: number;
  } | undefined;
  /** Makes another one with the same options but for some. */
  // deno-lint-ignore no-explicit-any -- the driver's options are of no concern here
  duplicate(overrides?: any): RedisClient;
  /** Connects; rejects where it cannot. */
  connect(): Promise<unknown>;
  /** Ends the connection at once; throws where there is none. */
  destroy(): void;
  /** Tells of errors; one that nobody listens to would end the process. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Sends a command as it is, of strings and Buffers, and resolves with the reply. */
  sendCommand(
    args: readonly (string | Uint8Array)[],
    // deno-lint-ignore no-explicit-any -- see above
    options?: any,
  ): Promise<unknown>;
  /** Resolves once it is subscribed; messages come as they are, as Buffers. */
  subscribe(
    channel: string,
    listener: (message: Uint8Array) => unknown,
    bufferMode: true,
  ): Promise<void>;
}

/** Milliseconds that the driver has to connect. */
const CONNECT_TIME = 3_000;

/**
 * Makes clients for the server at a URL. Rejects where the driver is not installed
 * or the URL is none that it can read.
 */
export async function clientsFor(url: string): Promise<() => RedisClient> {
  const { createClient } = await importDriver();
  const first = createClient({ url });
  return () => freshClient(first);
}

/**
 * A client of its own, with which nothing happens but what is asked for: it does
 * not come back by itself, and keeps no commands for then.
 */
export function freshClient(client: RedisClient): RedisClient {
  const socket: { host?: string } = { ...client.options?.socket };
  // An IPv6 address in a URL, which it looks up with its brackets (node-redis 6.3).
  const address = /^\[(.+)\]$/.exec(socket.host ?? "")?.[1];
  return client.duplicate({
    // It has been read, and would be again, over what is here.
    url: undefined,
    socket: {
      ...socket,
      ...(address !== undefined && { host: address }),
      connectTimeout: CONNECT_TIME,
      reconnectStrategy: false,
    },
    disableOfflineQueue: true,
    commandOptions: {},
  });
}

async function importDriver(): Promise<
  { createClient(options: { url: string }): RedisClient }
> {
  // As it is here: what it declares would be a part of this package's types.
  return await withPackage(
    "Cannot connect to Redis as",
    "redis",
    6,
    () => import("redis"),
  ) as unknown as { createClient(options: { url: string }): RedisClient };
}
