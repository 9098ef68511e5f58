import { graceFor, type Listener, type ListenOptions } from "../listener.ts";

/** The part of Bun's API that is used here; its types are not installed for Deno. */
interface BunServer {
  readonly port: number;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    development: boolean;
    reusePort: boolean;
    fetch(
      request: Request,
      server: BunServer,
    ): Response | Promise<Response>;
  }): BunServer;
};

/** Listens with `Bun.serve`. */
export function listen(
  { port, hostname, reusePort, fetch }: ListenOptions,
): Promise<Listener> {
  const server = Bun.serve({
    port,
    hostname,
    development: false,
    // Told in any case, as it is on by default outside development: a second server
    // would take half of the connections instead of being told that the port is taken.
    reusePort,
    fetch,
  });
  let finish = () => {};
  const finished = new Promise<void>((resolve) => finish = resolve);
  return Promise.resolve({
    port: server.port,
    finished,
    async close() {
      await graceFor(server.stop());
      await graceFor(server.stop(true));
      finish();
    },
  });
}
