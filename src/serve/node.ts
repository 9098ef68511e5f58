import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { graceFor, type Listener, type ListenOptions } from "../listener.ts";

/** Listens with Node's HTTP server, through `@hono/node-server`. */
export async function listen(
  { port, hostname, fetch, onError }: ListenOptions,
): Promise<Listener> {
  const server = createAdaptorServer({
    fetch,
    // The program's own Request and Response stay what they are.
    overrideGlobalObjects: false,
  }) as Server;
  server.listen(port, hostname);
  await once(server, "listening");
  server.on("error", onError);
  const finished = new Promise<void>((resolve) =>
    server.once("close", () => resolve())
  );
  return {
    port: (server.address() as AddressInfo).port,
    finished,
    async close() {
      server.close();
      // It closes the connections that are idle now; those whose stream is about
      // to end would be kept for a next request, which would be refused.
      const idle = setInterval(() => server.closeIdleConnections(), 10);
      await graceFor(finished);
      clearInterval(idle);
      server.closeAllConnections();
      await finished;
    },
  };
}
