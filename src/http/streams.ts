import type { SubscribeOptions } from "../call_options.ts";
import type { DisconnectReason, RefusalReason } from "../counters.ts";
import type { Granted } from "../grant.ts";
import {
  cancelWithRequest,
  extendIdleTimeout,
  pathPrefix,
  socketOf,
} from "../host_info.ts";
import type { Hub } from "../hub.ts";
import { offer } from "../outlet.ts";
import { topmost } from "../namespace.ts";
import type { Connection } from "../reader.ts";
import type { Settings } from "../settings.ts";
import { clientAddress } from "../client_address.ts";
import { rawPath } from "../raw_path.ts";

/** Longest User-Agent that is kept, in UTF-16 code units. */
const USER_AGENT_LENGTH = 512;

/** Longest request path that is kept, in UTF-16 code units. */
const PATH_LENGTH = 4096;

/** Milliseconds after which a refused client should come back, about. */
const REFUSED_RETRY = 30_000;

/** Whether a URL is worth a closer look. */
const LAST_EVENT_ID = /[?&](?:lastEventId|last-event-id)=/;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What every event stream is sent with. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // no-transform keeps a proxy from compressing, and so from buffering.
  "Cache-Control": "no-cache, no-transform",
  // nginx and those who follow it would otherwise collect events.
  "X-Accel-Buffering": "no",
};

/** How a stream is opened. */
export interface OpenOptions {
  /** The second argument of the host's fetch. */
  readonly info: unknown;
  /** Further headers of the response. */
  readonly headers?: SubscribeOptions["headers"] | undefined;
  /** Whether the last message of each namespace comes first. */
  readonly latest?: boolean | undefined;
  /** Who it is and until when; what may be heard is in the namespaces already. */
  readonly granted: Omit<Granted, "namespaces">;
  /** The listener that the request came through, if the server knows it. */
  readonly owner?: StreamOwner | undefined;
}

/** Whose closing ends the stream. */
export interface StreamOwner {
  readonly closed: boolean;
  /** Told of every stream of its own that was opened. */
  connected(connection: Connection): void;
  /** Told of every stream of its own that has ended. */
  disconnected(connection: Connection, reason: DisconnectReason): void;
}

/** Answers requests with streams of a hub. */
export class Streams {
  readonly #hub: Hub;
  readonly #settings: Settings;
  #closed = false;

  constructor(hub: Hub, settings: Settings) {
    this.#hub = hub;
    this.#settings = settings;
  }

  /** Refuses everyone from now on. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Opens a stream over normalised namespaces.
   *
   * HEAD gets the status and headers and registers nobody: a framework may answer it by
   * running the handler for GET and dropping the body, which nobody would ever
   * read or cancel.
   */
  open(
    request: Request,
    namespaces: readonly string[],
    { info, headers, latest = false, granted, owner }: OpenOptions,
  ): Response {
    const init = { headers: responseHeaders(headers) };
    const isHead = request.method === "HEAD";
    if (!isHead && (this.#closed || owner?.closed === true)) {
      return this.refuse(request, headers, "closing");
    }
    const asked = {
      namespaces: topmost(namespaces),
      lastEventId: lastEventIdOf(request),
      latest,
    };
    if (this.#hub.history.hasSeenEnd(asked)) {
      if (!isHead) this.#hub.counters.refusals.ended++;
      return new Response(null, { ...init, status: 204 });
    }
    if (isHead) return new Response(null, init);
    const { keepAlive, proxies } = this.#settings;
    const clientIP = clientAddress(request, info, proxies);
    const limit = this.#hub.exceeded(clientIP);
    if (limit !== undefined) return this.refuse(request, headers, limit);
    const userAgent = request.headers.get("user-agent") ?? "";
    const reader = this.#hub.open({
      ...asked,
      requestPath: asciiPath(pathPrefix(info) + rawPath(request.url)),
      clientIP: copyOf(clientIP),
      userAgent: copyOf(userAgent.slice(0, USER_AGENT_LENGTH)),
      user: granted.user,
      expires: granted.expires,
      impatientHost: !extendIdleTimeout(request, info, keepAlive * 1.5),
      socket: socketOf(request, info),
      owner,
    });
    offer(info, reader);
    cancelWithRequest(request, reader);
    return new Response(reader.stream, init);
  }

  /**
   * Answers with a stream that ends at once and tells when to come back. An error
   * status would stop a browser's EventSource for good (WHATWG HTML 9.2.3).
   */
  refuse(
    request: Request,
    headers: SubscribeOptions["headers"] | undefined,
    reason: RefusalReason,
  ): Response {
    this.#hub.counters.refusals[reason]++;
    const retry = Math.round(REFUSED_RETRY * (0.5 + Math.random()));
    return new Response(
      request.method === "HEAD" ? null : `retry:${retry}\n\n`,
      { headers: responseHeaders(headers) },
    );
  }
}

/**
 * The id of the last event that a client got. The header wins: EventSource sends
 * it with the URL that it began with (WHATWG HTML 9.2.3, reestablish).
 */
export function lastEventIdOf({ headers, url }: Request): string {
  const header = headers.get("last-event-id");
  if (header) return header;
  if (!LAST_EVENT_ID.test(url)) return "";
  // Not new URL(): a host may pass on a name that is none.
  const [address] = url.split("#", 1);
  const query = new URLSearchParams(address!.slice(address!.indexOf("?")));
  return query.get("lastEventId") ?? query.get("last-event-id") ?? "";
}

function responseHeaders(
  more: SubscribeOptions["headers"] | undefined,
): Headers | Readonly<Record<string, string>> {
  if (more === undefined) return STREAM_HEADERS;
  const headers = new Headers(more);
  for (const [name, value] of Object.entries(STREAM_HEADERS)) {
    headers.set(name, value);
  }
  return headers;
}

/** The path as it is shown: a host may pass on what should have been encoded. */
function asciiPath(path: string): string {
  return copyOf(
    path.slice(0, PATH_LENGTH).toWellFormed().replace(
      /[^!-~]/gu,
      encodeURIComponent,
    ),
  );
}

/** A copy: on V8 a slice keeps the whole text alive that it was cut from. */
function copyOf(text: string): string {
  return decoder.decode(encoder.encode(text));
}
