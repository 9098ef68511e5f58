import { graceFor, type Listener, type ListenOptions } from "../listener.ts";

/** Listens with `Deno.serve`. */
export function listen(
  { port, hostname, fetch }: ListenOptions,
): Promise<Listener> {
  const abort = new AbortController();
  const server = Deno.serve({
    port,
    hostname,
    signal: abort.signal,
    // serve() says so itself, in the same words on every runtime.
    onListen: () => {},
    handler: fetch,
  });
  let finished = false;
  server.finished.then(() => finished = true);
  return Promise.resolve({
    port: server.addr.port,
    finished: server.finished,
    async close() {
      await graceFor(server.shutdown());
      // Aborting a server that has finished throws (Deno 2.9).
      if (!finished) abort.abort();
      await server.finished;
    },
  });
}
