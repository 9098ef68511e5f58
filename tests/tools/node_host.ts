import { SSEServer, type SSEServerOptions } from "@sseserver/sseserver";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { PLAIN, TestServer } from "./sockets.ts";

/** What `http.createServer()` takes, such as an Express app. */
export type Handler = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) => unknown;

/** Starts `node:http` with the handler that `build` makes around a server. */
export async function startOnNodeHttp(
  build: (sse: SSEServer) => Handler,
  options: SSEServerOptions = {},
): Promise<TestServer> {
  const sse = new SSEServer({ ...PLAIN, ...options });
  const server = createServer(build(sse)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const finished = once(server, "close").then(() => {});
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await finished;
  };
  return new TestServer(sse, {
    port: (server.address() as AddressInfo).port,
    hostname: "127.0.0.1",
    adminUrl: undefined,
    finished,
    close,
    [Symbol.asyncDispose]: close,
  });
}
