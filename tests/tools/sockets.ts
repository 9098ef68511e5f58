/**
 * What the tests over real sockets share: a server on a free port of this
 * runtime's own kind, and clients that see the bytes as they come.
 *
 * @module
 */
import {
  type ServeHandle,
  type ServeOptions,
  SSEServer,
  type SSEServerOptions,
} from "@sseserver/sseserver";
import { RawClient, type RequestOptions } from "./raw_client.ts";
import { until } from "./waiting.ts";

/**
 * What streams are like in tests: as short as can be, and without a keepalive, which
 * could come at any moment of a test that takes long on a busy machine.
 */
export const PLAIN: SSEServerOptions = { retry: false, keepAlive: 120_000 };

/** A server that listens, and the clients it got through {@linkcode TestServer.open}. */
export class TestServer implements AsyncDisposable {
  readonly sse: SSEServer;
  readonly handle: ServeHandle;
  readonly #clients: RawClient[] = [];

  constructor(sse: SSEServer, handle: ServeHandle) {
    this.sse = sse;
    this.handle = handle;
  }

  /** Its port. */
  get port(): number {
    return this.handle.port;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.sse.status().connections.length;
  }

  /** Sends a request. */
  send(path: string, options?: RequestOptions): RawClient {
    const client = new RawClient(this.port, path, options);
    this.#clients.push(client);
    return client;
  }

  /** Sends a request and waits for the whole answer. */
  async ask(path: string, options?: RequestOptions): Promise<RawClient> {
    const client = await this.send(path, options).done();
    client.leave();
    return client;
  }

  /** Opens a stream and waits for its first chunk. */
  async open(path: string, options?: RequestOptions): Promise<RawClient> {
    const client = this.send(path, options);
    await until(
      () => client.body.includes("\n\n") || client.gone,
      `the first chunk of ${path}`,
    );
    return client;
  }

  /** Opens many streams, a hundred at a time. */
  async openMany(count: number, path: string): Promise<RawClient[]> {
    const clients: RawClient[] = [];
    while (clients.length < count) {
      const batch = Math.min(100, count - clients.length);
      clients.push(
        ...await Promise.all(
          Array.from({ length: batch }, () => this.open(path)),
        ),
      );
    }
    return clients;
  }

  /** Waits until as many streams are open. */
  async settles(streams: number): Promise<void> {
    await until(
      () => this.streams === streams,
      () => `${streams} open streams, where there are ${this.streams}`,
    );
  }

  /** Cuts off all clients and closes the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.leave();
    await this.sse.close();
    await this.handle.close();
  }
}

/**
 * Starts a server of this runtime on a free port. Unless asked otherwise its
 * streams begin with `:ok\n\n`, always the same, and have no keepalives, and it
 * prints nothing.
 */
export async function start(
  options: SSEServerOptions = {},
  serve: ServeOptions = {},
): Promise<TestServer> {
  const sse = new SSEServer({ ...PLAIN, ...options });
  const handle = await sse.serve({
    port: 0,
    hostname: "127.0.0.1",
    log: false,
    signals: false,
    ...serve,
  });
  return new TestServer(sse, handle);
}

/** The part of Deno that is used here: it has no types elsewhere. */
const { Deno: deno } = globalThis as unknown as {
  Deno: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: unknown,
    ): { addr: { port: number }; finished: Promise<void> } & AsyncDisposable;
  };
};

/** The same with `Deno.serve(sse.fetch)`, which is not what serve() does on Deno. */
export function startOnDenoServe(
  options: SSEServerOptions = {},
  build: (sse: SSEServer) => SSEServer["fetch"] = ({ fetch }) => fetch,
): TestServer {
  const sse = new SSEServer({ ...PLAIN, ...options });
  const host = deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    build(sse),
  );
  const close = async () => await host[Symbol.asyncDispose]();
  return new TestServer(sse, {
    port: host.addr.port,
    hostname: "127.0.0.1",
    adminUrl: undefined,
    finished: host.finished,
    close,
    [Symbol.asyncDispose]: close,
  });
}
