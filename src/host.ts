/**
 * All that is known of the runtime underneath. Every fact is looked up by its
 * shape, so that the module loads on any host, and nothing here asks for a
 * permission: what has not been granted is left out.
 *
 * @module
 */

/** The runtimes that are told apart. */
export type RuntimeName = "deno" | "bun" | "node" | "workerd" | "unknown";

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
  readonly navigator?: { readonly userAgent?: string };
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
  // First, as it may pretend to be Node (with nodejs_compat).
  if (host.navigator?.userAgent === "Cloudflare-Workers") return "workerd";
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
    case "workerd":
    case "unknown":
      return "";
  }
}

/** Resident memory of the process in bytes, `undefined` where the runtime does not tell. */
export function residentBytes(): number | undefined {
  const usage = host.Deno?.memoryUsage?.() ?? host.process?.memoryUsage?.();
  // workerd has a process, and says that it takes nothing.
  return usage?.rss || undefined;
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
  // On workerd there is no telling: it may say "localhost" everywhere.
  if (runtime === "workerd") return "unknown";
  return host.process?.getBuiltinModule?.("node:os")?.hostname() ?? "unknown";
}

/**
 * Whether one may listen there. Deno asks on the terminal otherwise, or throws
 * where nobody can catch it (node:http, Deno 2.9).
 */
export function mayListen(hostname: string, port: number): boolean {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return runtimeName() !== "deno" ||
    granted({ name: "net", host: `${host}:${port}` });
}

/** Asks whether Deno has granted a permission, without ever prompting. */
function granted(descriptor: Record<string, string>): boolean {
  return host.Deno?.permissions?.querySync(descriptor).state === "granted";
}

/**
 * Calls back in a macrotask of its own, after the host has looked at its sockets.
 *
 * `setImmediate` is there on Deno, Bun and Node, and on newer workerd. A message port, the usual
 * stand-in, is none: with a callback that posts again, Node 24 handles 1,000
 * and Bun 1.4 2,048 messages before it looks at a socket, and Deno 2.9 never
 * gets to its timers.
 */
export function macrotask(callback: () => void): void {
  if (host.setImmediate) host.setImmediate(callback);
  else setTimeout(callback, 0);
}
