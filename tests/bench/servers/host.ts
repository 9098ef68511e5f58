import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers requests. */
export type Fetch = (request: Request) => Response | Promise<Response>;

/** The parts of the runtimes that are used here: each has only its own types. */
const { Deno: deno, Bun: bun } = globalThis as unknown as {
  Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: Fetch,
    ): { addr: { port: number } };
  };
  Bun?: {
    serve(
      options: {
        port: number;
        hostname: string;
        idleTimeout: number;
        fetch: Fetch;
      },
    ): { port: number };
  };
};

/** Listens the way each runtime recommends to; returns the port. */
export async function listen(fetch: Fetch): Promise<number> {
  const at = { port: 0, hostname: "127.0.0.1" };
  if (deno) return deno.serve({ ...at, onListen() {} }, fetch).addr.port;
  if (bun) return bun.serve({ ...at, idleTimeout: 0, fetch }).port;
  const server = createAdaptorServer({ fetch }) as Server;
  server.listen(at.port, at.hostname);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
