import { graceFor, type Listener, type ListenOptions } from "../listener.ts";
import { CutOffError } from "../reader.ts";

/** Listens with `Deno.serve`. */
export function listen(
  { port, hostname, fetch, onError }: ListenOptions,
): Promise<Listener> {
  const abort = new AbortController();
  const open = new Set<Promise<void>>();
  const server = Deno.serve({
    port,
    hostname,
    signal: abort.signal,
    // serve() says so itself, in the same words on every runtime.
    onListen: () => {},
    // Gets the errors of streams too, which Deno would print.
    onError: (error) => {
      if (!(error instanceof CutOffError)) onError(error);
      return new Response(null, { status: 500 });
    },
    handler: (request, info) => {
      const completed = info.completed.catch(() => {});
      open.add(completed);
      completed.then(() => open.delete(completed));
      return fetch(request, info);
    },
  });
  return Promise.resolve({
    port: server.addr.port,
    finished: server.finished,
    async close() {
      // Not shutdown() first: to abort what it waits for throws where nobody can
      // catch it (BadResource, Deno 2.9).
      await graceFor(Promise.all(open));
      if (open.size === 0) await server.shutdown();
      else abort.abort();
      await server.finished;
    },
  });
}
