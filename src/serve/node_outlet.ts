import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ListenOptions } from "../listener.ts";
import type { Divertible, DivertingInfo, Outlet } from "../outlet.ts";
import { quote } from "../quote.ts";
import type { Bytes } from "../slab.ts";
import { ChunkFramer } from "./chunk_framer.ts";
import { endWithConnection } from "./pipelined.ts";

/**
 * Has the streams of responses written to Node's own, without being read.
 *
 * A web stream and the promises of its reader cost Node as much as writing to the
 * socket does, and half of a connection's memory. Where what fetch returns has another
 * body than the stream that was opened, as a framework may have put something in
 * between, it is read as any other.
 */
export function divertingFetch(
  fetch: ListenOptions["fetch"],
): (request: Request, info: HttpBindings) => Promise<Response> {
  const framer = new ChunkFramer();
  return async (request, info) => {
    let source: Divertible | undefined;
    const diverting: DivertingInfo = { opened: (opened) => source = opened };
    let response: Response;
    try {
      response = await fetch(request, Object.assign(info, diverting));
    } catch (error) {
      source?.cancel();
      throw error;
    }
    if (typeof response?.headers?.get !== "function") {
      source?.cancel();
      throw new TypeError(
        `Cannot answer as 'fetch' must return a Response: current value is ${
          quote(response)
        }`,
      );
    }
    const { outgoing } = info;
    // By somebody else: the adapter fails, and leaves the body as it is.
    if (outgoing.headersSent && response.body !== null) source?.cancel();
    if (source === undefined || response.body !== source.stream) {
      return response;
    }
    const outlet = new NodeOutlet(source, outgoing, framer, response);
    return divert(source, info, outlet) ? RESPONSE_ALREADY_SENT : response;
  };
}

/**
 * Returns false, having done nothing, where the stream has to be read after all. Throws,
 * having ended the stream, where the response cannot begin.
 */
function divert(
  source: Divertible,
  { incoming, outgoing }: HttpBindings,
  outlet: Outlet,
): boolean {
  // The adapter then cancels the stream.
  if (isGone(outgoing)) return false;
  const gone = () => source.cancel();
  try {
    if (!source.divert(outlet)) return false;
  } catch (error) {
    // Node refuses headers that a Response takes, such as with a control character.
    gone();
    throw error;
  }
  outgoing.once("close", gone);
  outgoing.once("error", gone);
  // HTTP/2 has no such connection.
  if (outgoing.socket === null && incoming.socket) {
    endWithConnection(incoming.socket, outgoing, gone);
  }
  return true;
}

/** Whether the client has, so that nothing more would tell. */
function isGone(
  outgoing: ServerResponse & {
    readonly stream?: { readonly destroyed: boolean };
  },
): boolean {
  // HTTP/2 tells by its stream.
  return outgoing.destroyed || outgoing.stream?.destroyed === true;
}

/**
 * A response of Node's, whose body is chunked.
 *
 * Its own `write` makes four pieces of every chunk, two of them text, and joins them
 * again once a connection. What they come to is made here, once for all, and written
 * to the socket: half the cost for small chunks.
 */
class NodeOutlet implements Outlet {
  readonly #outgoing: ServerResponse;
  readonly #framer: ChunkFramer;
  /** Whether its `write` is Node's, and not that of some middleware. */
  readonly #isPlain: boolean;
  readonly #written: (error?: Error | null) => void;
  #head: Response | undefined;

  /** @param head Whose status and headers go before the first chunk. */
  constructor(
    source: Divertible,
    outgoing: ServerResponse,
    framer: ChunkFramer,
    head: Response,
  ) {
    this.#outgoing = outgoing;
    this.#framer = framer;
    this.#isPlain = outgoing.write === ServerResponse.prototype.write;
    this.#head = head;
    this.#written = (error) => {
      if (!error) source.pull();
    };
  }

  write(chunk: Bytes): void {
    const outgoing = this.#outgoing;
    // By somebody else. What came after its last chunk would be taken for the next
    // response; that it is closed is told in a moment.
    if (outgoing.writableEnded) return;
    if (this.#head !== undefined) {
      const { status, headers } = this.#head;
      this.#head = undefined;
      outgoing.writeHead(status, toNodeHeaders(headers));
      outgoing.write(chunk, this.#written);
    } else if (
      this.#isPlain && outgoing.socket !== null && outgoing.chunkedEncoding
    ) {
      outgoing.socket.write(this.#framer.frame(chunk), this.#written);
    } else {
      // Another response goes first (pipelining), the client speaks HTTP/1.0, or
      // middleware, as of Express, sees what is written.
      outgoing.write(chunk, this.#written);
    }
  }

  end(): void {
    this.#outgoing.end();
  }

  destroy(): void {
    this.#outgoing.destroy();
  }
}

function toNodeHeaders(headers: Headers): OutgoingHttpHeaders {
  const record: OutgoingHttpHeaders = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  // The only header that does not survive being joined (RFC 9110 5.3).
  if (cookies.length > 0) record["set-cookie"] = cookies;
  return record;
}
