/**
 * All that is known of what a host passes to fetch besides the request, by its
 * shape: who is at the other end, and what becomes of the connection.
 *
 * @module
 */
import { runtimeName } from "./host.ts";

/** Deno passes the peer to a handler, as `Deno.ServeHandlerInfo`. */
interface DenoInfo {
  readonly remoteAddr: { readonly hostname?: string };
  readonly completed?: Promise<void>;
}

/** Bun passes its server. */
interface BunInfo {
  requestIP(request: Request): { readonly address: string } | null;
  timeout(request: Request, seconds: number): void;
}

/** `@hono/node-server` passes Node's own request and response. */
interface NodeInfo {
  readonly incoming: {
    readonly socket?: { readonly remoteAddress?: string };
    readonly complete?: boolean;
    readonly readableDidRead?: boolean;
    /** The body as it came, where the program has kept it: the adapter takes it. */
    readonly rawBody?: unknown;
    /** Express: what it has taken off the path, as `/live` of `app.use("/live", …)`. */
    readonly baseUrl?: string;
  };
  readonly outgoing?: NodeResponse;
}

/** The part of `node:http`'s response that is used. */
interface NodeResponse {
  readonly closed?: boolean;
  destroy?(): void;
}

function isDenoInfo(info: object): info is DenoInfo {
  return "remoteAddr" in info && typeof info.remoteAddr === "object" &&
    info.remoteAddr !== null;
}

function isBunInfo(info: object): info is BunInfo {
  return "requestIP" in info && typeof info.requestIP === "function" &&
    "timeout" in info && typeof info.timeout === "function";
}

function isNodeInfo(info: object): info is NodeInfo {
  return "incoming" in info && typeof info.incoming === "object" &&
    info.incoming !== null;
}

/**
 * The address at the other end of the connection, from whatever the host
 * passes as the second argument of fetch. `undefined` where it cannot be known.
 */
export function peerAddress(
  request: Request,
  info: unknown,
): string | undefined {
  if (typeof info !== "object" || info === null) return undefined;
  if (isDenoInfo(info)) return info.remoteAddr.hostname;
  if (isBunInfo(info)) return info.requestIP(request)?.address;
  if (isNodeInfo(info)) return info.incoming.socket?.remoteAddress;
  return undefined;
}

/**
 * Whether a request's body, which has come to its end, came as a whole. On Deno 2.9
 * one whose chunks are malformed ends without an error.
 */
export function isBodyComplete(info: unknown): boolean {
  if (typeof info !== "object" || info === null || !isNodeInfo(info)) {
    return true;
  }
  return info.incoming.complete !== false;
}

/**
 * Whether somebody has read of a request's body before it got here: middleware such as
 * `express.json()`, which leaves nothing of it, or a framework that has made the
 * request anew, with the body.
 */
export function isBodyRead(info: unknown): boolean {
  if (typeof info !== "object" || info === null || !isNodeInfo(info)) {
    return false;
  }
  const { readableDidRead, rawBody } = info.incoming;
  return readableDidRead === true && !isBuffer(rawBody);
}

/** Node's own class, which is all that the adapter takes, told by its shape. */
function isBuffer(value: unknown): boolean {
  return value instanceof Uint8Array && "readUInt8" in value;
}

/**
 * What a framework has taken off the path that the client asked for before it passed
 * the request on, such as `/live`; `""` where it has not, or does not tell.
 */
export function pathPrefix(info: unknown): string {
  if (typeof info !== "object" || info === null || !isNodeInfo(info)) return "";
  const { baseUrl } = info.incoming;
  return typeof baseUrl === "string" ? baseUrl : "";
}

/** Longest idle time-out that Bun takes, in seconds. */
const BUN_IDLE_MAX = 255;
/** What a keepalive may be late by, in seconds. */
const MARGIN = 5;

/**
 * The idle time-out in seconds for streams that are never silent for longer than
 * `silence` milliseconds (0: they may be silent for ever): twice that, as far as
 * Bun goes; 0 (none) where even its longest would be too short.
 */
export function idleTimeout(silence: number): number {
  const seconds = Math.ceil(silence / 1000);
  if (silence === 0 || seconds + MARGIN > BUN_IDLE_MAX) return 0;
  return Math.max(10, Math.min(BUN_IDLE_MAX, seconds * 2));
}

/**
 * Raises the host's idle time-out for a stream that is never silent for longer
 * than `silence` milliseconds (0: it may be silent for ever).
 *
 * Only Bun has one (10 s by default). It stays on, at twice the silence, because it is also what reaps the socket of a client that stopped reading.
 * Returns false where that did not work, as for a request that a framework has
 * made anew: the stream then has to be written to more often than the default.
 */
export function extendIdleTimeout(
  request: Request,
  info: unknown,
  silence: number,
): boolean {
  if (runtimeName() !== "bun") return true;
  if (typeof info !== "object" || info === null) return false;
  if (isNodeInfo(info)) return true;
  // A request that this server does not know has no address and no time-out.
  if (!isBunInfo(info) || info.requestIP(request) === null) return false;
  info.timeout(request, idleTimeout(silence));
  return true;
}

/**
 * Cancels a stream when its client goes, where the host may tell that by the request's
 * signal alone.
 *
 * workerd has had versions in which a response's stream was not cancelled then
 * (1.20260619 to 1.20260717 at least); the signal aborts in all of them, if the
 * compatibility flag `enable_request_signal` is set. Elsewhere streams are cancelled
 * without fail, and the signal is left alone: Deno 2.9 aborts it on success too.
 */
export function cancelWithRequest(
  request: Request,
  stream: { cancel(): void },
): void {
  if (runtimeName() !== "workerd") return;
  request.signal.addEventListener("abort", () => stream.cancel(), {
    once: true,
  });
}

/** What a response is written to. */
export interface HostSocket {
  /**
   * Ends the response at once with all that it has yet to write, as far as the
   * host lets one. Returns whether that is all there is to do: otherwise its
   * stream has to fail as well.
   */
  cut(): boolean;
  /** Whether the host has let go of the response: it was written, or broke off. */
  isClosed(): boolean;
}

/**
 * What a response will be written to, `undefined` where the host does not tell.
 * To be asked before there is a response. It is made to be looked at now and then:
 * a listener for each connection costs more (2.6 KB on Deno 2.9).
 */
export function socketOf(
  request: Request,
  info: unknown,
): HostSocket | undefined {
  if (typeof info !== "object" || info === null) return undefined;
  if (isDenoInfo(info)) {
    // Deno's own has getters; what a framework has copied never changes. To read
    // `completed` makes a promise, which nobody would catch.
    if (Object.hasOwn(info, "remoteAddr") || !("completed" in info)) {
      return undefined;
    }
    return new DenoSocket(info);
  }
  if (isBunInfo(info)) {
    // A request made anew, or one that came through a Unix socket.
    if (info.requestIP(request) === null) return undefined;
    return new BunSocket(request, info);
  }
  if (!isNodeInfo(info)) return undefined;
  const { outgoing } = info;
  // HTTP/2 has none of these.
  if (typeof outgoing?.closed !== "boolean" || !outgoing.destroy) {
    return undefined;
  }
  return new NodeSocket(outgoing);
}

/**
 * Deno 2.9 has no way to break a response off: after its stream has failed, the
 * socket of a client that does not read stays until it does, or goes.
 */
class DenoSocket implements HostSocket {
  readonly #info: DenoInfo;
  #completed = false;

  constructor(info: DenoInfo) {
    this.#info = info;
  }

  cut(): boolean {
    const completed = () => void (this.#completed = true);
    // Asked for later, it would never settle.
    this.#info.completed?.then(completed, completed);
    return false;
  }

  isClosed(): boolean {
    if (this.#completed) return true;
    try {
      return this.#info.remoteAddr === undefined;
    } catch {
      // "Request closed"; there is no other way to ask (Deno 2.9).
      return true;
    }
  }
}

/** Bun ends an idle connection, and one that it cannot write to, after a time. */
class BunSocket implements HostSocket {
  readonly #request: Request;
  readonly #server: BunInfo;

  constructor(request: Request, server: BunInfo) {
    this.#request = request;
    this.#server = server;
  }

  cut(): boolean {
    // Within four seconds (Bun 1.4).
    this.#server.timeout(this.#request, 1);
    return false;
  }

  isClosed(): boolean {
    return this.#server.requestIP(this.#request) === null;
  }
}

/**
 * On Node, destroying the response is the quiet and complete way to drop a
 * client: an error on the stream would be printed by the server's adapter.
 */
class NodeSocket implements HostSocket {
  readonly #outgoing: NodeResponse;

  constructor(outgoing: NodeResponse) {
    this.#outgoing = outgoing;
  }

  cut(): boolean {
    this.#outgoing.destroy?.();
    return true;
  }

  isClosed(): boolean {
    return this.#outgoing.closed === true;
  }
}
