import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { graceFor, type Listener, type ListenOptions } from "../listener.ts";
import { mayListen, runtimeName, runtimeVersion } from "../host.ts";
import { divertingFetch } from "./node_outlet.ts";

/** Milliseconds for the head of a request. Streams are not bounded by these. */
const HEAD_TIME = 10_000;
/** Milliseconds for all of a request; the routes give a body less. */
const REQUEST_TIME = 35_000;
/** Milliseconds from one look at that to the next. */
const CHECK_INTERVAL = 5_000;
/**
 * Connections that may wait to be accepted, as far as the kernel lets them (4,096 on
 * Linux). Node's own default is 511: when thousands come back at once, the others
 * are dropped, and try again after seconds, or never get through.
 */
const BACKLOG = 4096;

/**
 * Listens with Node's HTTP server, through `@hono/node-server`; on Deno too.
 *
 * There it carries half as much again as `Deno.serve` (Deno 2.9), which copies
 * every chunk once a connection, takes a quarter of the memory (16 KB a connection
 * instead of 62), and can drop a client that does not read.
 */
export async function listen(
  { port, hostname, reusePort, fetch, onError }: ListenOptions,
): Promise<Listener> {
  if (!mayListen(hostname, port)) {
    throw new Error("Net access was not granted, see --allow-net");
  }
  if (reusePort && !canReusePort()) {
    throw new Error("'reusePort' needs Node 22.12, or 23.1, or later");
  }
  const answer = divertingFetch(fetch);
  const server = createAdaptorServer({
    // Not HTTP/2, which this server does not speak.
    fetch: async (request, info) => {
      try {
        return await answer(request, info as HttpBindings);
      } catch (error) {
        // As Bun does; the adapter would say nothing.
        console.error(error);
        return new Response(null, { status: 500 });
      }
    },
    // The program's own Request and Response stay what they are.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: HEAD_TIME,
      requestTimeout: REQUEST_TIME,
      connectionsCheckingInterval: CHECK_INTERVAL,
    },
  }) as Server;
  server.listen({ port, host: hostname, reusePort, backlog: BACKLOG });
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

/** Node before these versions would take the option and listen alone. */
function canReusePort(): boolean {
  if (runtimeName() !== "node") return true;
  const [major = 0, minor = 0] = runtimeVersion().split(".").map(Number);
  return major > 23 ||
    minor >= (major === 23 ? 1 : major === 22 ? 12 : Infinity);
}
