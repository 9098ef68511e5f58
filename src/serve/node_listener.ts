/**
 * Runs a server inside Express, or whatever else calls a function with Node's own
 * request and response.
 *
 * @example Everything below a path of an Express app
 * ```ts no-eval
 * import { SSEServer } from "@sseserver/sseserver";
 * import { nodeListener } from "@sseserver/sseserver/node";
 * import express from "express";
 *
 * const sse = new SSEServer();
 * const app = express();
 * app.use("/live", nodeListener(sse.fetch));
 * app.listen(8001); // curl localhost:8001/live/subscribe/news
 * ```
 *
 * @module
 */
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { IncomingMessage, ServerResponse } from "node:http";
import { quote } from "../quote.ts";
import { divertingFetch } from "./node_outlet.ts";

/** What fetch gets besides the request: those of Node, or of the framework. */
export interface NodeListenerInfo<
  Incoming extends IncomingMessage = IncomingMessage,
  Outgoing extends ServerResponse = ServerResponse,
> {
  /** The request, with what middleware has added to it. */
  readonly incoming: Incoming;
  /** The response; written to by what fetch returns. */
  readonly outgoing: Outgoing;
}

/** Answers a request. The promise is for when the answer has begun; it never rejects. */
export type NodeListener<
  Incoming extends IncomingMessage = IncomingMessage,
  Outgoing extends ServerResponse = ServerResponse,
> = (
  incoming: Incoming,
  outgoing: Outgoing,
  next?: (error?: unknown) => void,
) => Promise<void>;

/**
 * Makes a listener for `http.createServer()`, or a handler or middleware for Express,
 * of a fetch function: `sse.fetch`, a Hono app's, or one that calls
 * {@linkcode SSEServer.subscribe}.
 *
 * Streams are written to Node's response without a web stream in between. What fetch
 * throws goes to `next`, where the framework passes one; otherwise it is printed by
 * `console.error` and answered with 500. An answer that has begun is broken off. The
 * program's own `Request` and `Response` stay what they are.
 *
 * @example A stream for the user who is signed in
 * ```ts no-eval
 * import { SSEServer } from "@sseserver/sseserver";
 * import { nodeListener } from "@sseserver/sseserver/node";
 * import { createServer, type IncomingMessage } from "node:http";
 *
 * const sse = new SSEServer();
 * const userOf = ({ headers }: IncomingMessage) => headers["x-user"] ?? "nobody";
 * createServer(nodeListener((request, info) =>
 *   sse.subscribe(request, `/users/${userOf(info.incoming)}`, { info })
 * )).listen(8001);
 * ```
 */
export function nodeListener<
  Incoming extends IncomingMessage = IncomingMessage,
  Outgoing extends ServerResponse = ServerResponse,
>(
  fetch: (
    request: Request,
    info: NodeListenerInfo<Incoming, Outgoing>,
  ) => Response | Promise<Response>,
): NodeListener<Incoming, Outgoing> {
  if (typeof fetch !== "function") {
    throw new TypeError(
      `Cannot listen as 'fetch' must be a function: current value is ${
        quote(fetch)
      }`,
    );
  }
  const nexts = new WeakMap<object, (error?: unknown) => void>();
  const answer = divertingFetch((request, info) =>
    fetch(
      request,
      info as typeof info & { incoming: Incoming; outgoing: Outgoing },
    )
  );
  const listener = getRequestListener(async (request, info) => {
    const { incoming, outgoing } = info as HttpBindings;
    try {
      return await answer(request, { incoming, outgoing });
    } catch (error) {
      if (outgoing.headersSent) {
        // Nothing else tells the client that this is not all of it.
        console.error(error);
        outgoing.destroy();
        return RESPONSE_ALREADY_SENT;
      }
      const next = nexts.get(incoming);
      if (next !== undefined) {
        next(error);
        return RESPONSE_ALREADY_SENT;
      }
      console.error(error);
      return new Response(null, { status: 500 });
    }
  }, { overrideGlobalObjects: false });
  return async (incoming, outgoing, next) => {
    if (next !== undefined) nexts.set(incoming, next);
    await listener(incoming, outgoing);
  };
}
