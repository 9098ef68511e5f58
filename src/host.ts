/**
 * All that is known of the runtime underneath. Every fact is looked up by its
 * shape, so that the module loads on any host, and nothing here asks for a
 * permission: what has not been granted is left out.
 *
 * @module
 */

/** The runtimes that are told apart. */
export type RuntimeName = "deno" | "bun" | "node" | "unknown";

interface HostGlobals {
  readonly Deno?: {
    readonly version?: { readonly deno: string };
    memoryUsage?(): { readonly rss: number };
    readonly permissions?: {
      querySync(descriptor: Record<string, string>): { state: string };
    };
    hostname(): string;
    env: { get(name: string): string | undefined };
  };
  readonly Bun?: { readonly version?: string };
  readonly process?: {
    readonly versions?: { readonly node?: string };
    memoryUsage?(): { readonly rss: number };
    readonly env?: Record<string, string | undefined>;
    getBuiltinModule?(name: "node:os"): { hostname(): string } | undefined;
  };
  setImmediate?(callback: () => void): unknown;
}

const host = globalThis as unknown as HostGlobals;

/** The runtime this runs on. */
export function runtimeName(): RuntimeName {
  if (host.Deno?.permissions) return "deno";
  if (host.Bun) return "bun";
  if (host.process?.versions?.node) return "node";
  return "unknown";
}

/** The runtime's version, `""` where it is not known. */
export function runtimeVersion(): string {
  switch (runtimeName()) {
    case "deno":
      return host.Deno?.version?.deno ?? "";
    case "bun":
      return host.Bun?.version ?? "";
    case "node":
      return host.process?.versions?.node ?? "";
    case "unknown":
      return "";
  }
}

/** Resident memory of the process in bytes, `undefined` where the runtime does not tell. */
export function residentBytes(): number | undefined {
  return (host.Deno?.memoryUsage?.() ?? host.process?.memoryUsage?.())?.rss;
}

/** `runtime-environment-hostname`, as the Go package names a node. */
export function nodeName(): string {
  const runtime = runtimeName();
  return `${runtime}-${environment(runtime)}-${hostname(runtime)}`;
}

function environment(runtime: RuntimeName): string {
  const name = runtime === "deno" ? "DENO_ENV" : "NODE_ENV";
  const value = runtime === "deno"
    ? granted({ name: "env", variable: name })
      ? host.Deno?.env.get(name)
      : undefined
    : host.process?.env?.[name];
  return value || "development";
}

function hostname(runtime: RuntimeName): string {
  if (runtime === "deno") {
    return granted({ name: "sys", kind: "hostname" })
      ? host.Deno!.hostname()
      : "unknown";
  }
  return host.process?.getBuiltinModule?.("node:os")?.hostname() ?? "unknown";
}

/** Asks whether Deno has granted a permission, without ever prompting. */
function granted(descriptor: Record<string, string>): boolean {
  return host.Deno?.permissions?.querySync(descriptor).state === "granted";
}

/** Deno passes the peer to a handler, as `Deno.ServeHandlerInfo`. */
interface DenoInfo {
  readonly remoteAddr: { readonly hostname?: string };
}

/** Bun passes its server. */
interface BunInfo {
  requestIP(request: Request): { readonly address: string } | null;
  timeout(request: Request, seconds: number): void;
}

/** `@hono/node-server` passes Node's own request and response. */
interface NodeInfo {
  readonly incoming: { readonly socket?: { readonly remoteAddress?: string } };
  readonly outgoing?: { destroy?(): void };
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
 * How to end a response at its socket, where the host lets one.
 *
 * On Node this is the quiet and complete way to drop a client that does not
 * read: an error on the stream would be printed by the server's adapter.
 */
export function severing(info: unknown): (() => void) | undefined {
  if (typeof info !== "object" || info === null || !isNodeInfo(info)) {
    return undefined;
  }
  const { outgoing } = info;
  return typeof outgoing?.destroy === "function"
    ? () => outgoing.destroy?.()
    : undefined;
}

/**
 * Calls back in a macrotask of its own, after the host has looked at its sockets.
 *
 * `setImmediate` is there on Deno, Bun and Node. A message port, the usual
 * stand-in, is none: with a callback that posts again, Node 24 handles 1,000
 * and Bun 1.4 2,048 messages before it looks at a socket, and Deno 2.9 never
 * gets to its timers.
 */
export function macrotask(callback: () => void): void {
  if (host.setImmediate) host.setImmediate(callback);
  else setTimeout(callback, 0);
}
