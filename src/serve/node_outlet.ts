import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ListenOptions } from "../listener.ts";
import type { Divertible, DivertingInfo, Outlet } from "../outlet.ts";
import type { Bytes } from "../slab.ts";

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
  return async (request, info) => {
    let source: Divertible | undefined;
    const diverting: DivertingInfo = { opened: (opened) => source = opened };
    const response = await fetch(request, Object.assign(info, diverting));
    if (source === undefined || response.body !== source.stream) {
      return response;
    }
    return writeTo(info.outgoing, response, source)
      ? RESPONSE_ALREADY_SENT
      : response;
  };
}

/** Returns false, having done nothing, where the stream has to be read after all. */
function writeTo(
  outgoing: ServerResponse,
  response: Response,
  source: Divertible,
): boolean {
  // The adapter then cancels the stream.
  if (outgoing.destroyed || outgoing.headersSent) return false;
  const outlet = new NodeOutlet(outgoing, response);
  if (!source.divert(outlet)) return false;
  const gone = () => source.cancel();
  outgoing.once("close", gone);
  outgoing.once("error", gone);
  return true;
}

/** A response of Node's. */
class NodeOutlet implements Outlet {
  readonly #outgoing: ServerResponse;
  #head: Response | undefined;

  /** @param head Whose status and headers go before the first chunk. */
  constructor(outgoing: ServerResponse, head: Response) {
    this.#outgoing = outgoing;
    this.#head = head;
  }

  write(chunk: Bytes, passedOn?: () => void): void {
    if (this.#head !== undefined) {
      const { status, headers } = this.#head;
      this.#head = undefined;
      this.#outgoing.writeHead(status, toNodeHeaders(headers));
    }
    this.#outgoing.write(chunk, (error) => {
      if (!error) passedOn?.();
    });
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
