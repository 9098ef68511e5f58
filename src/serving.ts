import { deferred } from "./deferred.ts";
import { checkDrain } from "./drain.ts";
import { runtimeName } from "./host.ts";
import type { StreamOwner } from "./http/streams.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { OptionCheck } from "./option_check.ts";
import { withPackage } from "./optional_package.ts";
import { quote } from "./quote.ts";
import type { Connection } from "./reader.ts";
import type { DisconnectReason } from "./counters.ts";

/** Options of {@linkcode SSEServer.serve}; every one may be left out. */
export interface ServeOptions {
  /**
   * Port to listen on, from 0 to 65,535. 0 takes any free one; the result tells
   * which.
   *
   * @default {8001}
   */
  readonly port?: number;
  /**
   * Name or address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string;
  /**
   * Whether other processes may listen on the same port, if they are told so too and
   * have the same user: Linux spreads new connections over them, so that a machine has
   * one process a core. They need an engine that connects them.
   *
   * Other systems do so or not: where not, Node refuses to listen and Bun ignores it.
   * Node before 22.12 refuses it everywhere.
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
  /**
   * Answers the requests in place of {@linkcode SSEServer.fetch}: that of an app
   * which the server is mounted in, or which calls
   * {@linkcode SSEServer.subscribe}. `info` is what the runtime passes.
   */
  readonly fetch?: (
    request: Request,
    // deno-lint-ignore no-explicit-any -- what it is depends on the runtime
    info: any,
  ) => Response | Promise<Response>;
  /** Closes the listener when it aborts; until there is one, serve() rejects. */
  readonly signal?: AbortSignal;
  /**
   * Takes a line for every stream that opens or ends; `false` for none. By
   * default they go to `console.log`, with the time before them.
   */
  readonly log?: false | ((line: string) => unknown);
  /**
   * Whether SIGINT and SIGTERM close the server and then end the process, a
   * second one at once.
   *
   * @default {true}
   */
  readonly signals?: boolean;
  /**
   * Milliseconds over which SIGTERM, which asks a service to end, has the streams
   * end, as {@linkcode CloseOptions} has it. SIGINT ends them at once.
   *
   * @default {0}
   */
  readonly drain?: number;
}

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof ServeOptions>([
  "port",
  "hostname",
  "reusePort",
  "fetch",
  "signal",
  "log",
  "signals",
  "drain",
]);

const check = new OptionCheck("Cannot serve");

/** A listener that {@linkcode SSEServer.serve} has started. */
export interface ServeHandle extends AsyncDisposable {
  /** The port; the one chosen where 0 was asked for. */
  readonly port: number;
  /** Name or address that it listens on. */
  readonly hostname: string;
  /**
   * Where the admin console opens, with its key where one was made; `undefined`
   * with `admin: false`.
   */
  readonly adminUrl: string | undefined;
  /** Resolves once the listener has closed, for whatever reason. */
  readonly finished: Promise<void>;
  /** Ends this listener's streams and frees its port. */
  close(): Promise<void>;
}

/** One call of serve(): owns the streams that come through its listener. */
export class Serving implements StreamOwner {
  readonly #log: (line: string) => void;
  #closed = false;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** True from the moment it begins to close. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Refuses new streams from now on. */
  close(): void {
    this.#closed = true;
  }

  /** Logs that a stream was opened. */
  connected({ requestPath, clientIP }: Connection): void {
    this.#log(`CONNECT ${requestPath} ${clientIP || "-"}`);
  }

  /** Logs that a stream has ended. */
  disconnected(
    { requestPath, clientIP }: Connection,
    reason: DisconnectReason,
  ): void {
    this.#log(`DISCONNECT ${requestPath} ${clientIP || "-"} ${reason}`);
  }
}

/** What serve() does to the server it belongs to. */
export interface Served {
  fetch(request: Request, info: unknown): Response | Promise<Response>;
  /** Resolves once there may be requests; rejects when there never will. */
  ready(): Promise<void>;
  /** Has streams of requests that come with this `info` belong to a call of serve(). */
  own(info: object, serving: Serving): void;
  /** Ends the streams of one call of serve(). */
  endStreams(serving: Serving): void;
  /** What follows `/admin/` in the console's address; `undefined` without a console. */
  adminQuery(): string | undefined;
  /** Closes the whole server; `drain` in milliseconds. */
  closeServer(drain: number): Promise<void>;
  report(error: unknown): void;
}

/** Starts a listener of this runtime. */
export async function startServing(
  server: Served,
  options: ServeOptions,
): Promise<ServeHandle> {
  check.names(options, OPTION_NAMES);
  const {
    port = 8001,
    hostname = "0.0.0.0",
    reusePort = false,
    fetch = server.fetch,
    signal,
    log = logToConsole,
    signals = true,
    drain = 0,
  } = options;
  check.integer("port", port, 0, 65_535);
  checkDrain(drain, check);
  check.type("hostname", hostname, "string");
  check.type("reusePort", reusePort, "boolean");
  check.type("signals", signals, "boolean");
  check.type("fetch", fetch, "function");
  if (log !== false && typeof log !== "function") {
    check.fail(TypeError, "log", "must be false or a function", quote(log));
  }
  check.signal("signal", signal);
  signal?.throwIfAborted();
  const write = async (line: string) => {
    try {
      if (log !== false) await log(line);
    } catch (error) {
      server.report(error);
    }
  };
  const serving = new Serving(write);
  let undoSignals = () => {};
  if (signals) {
    // From now on, as it may take long until the server is ready.
    const { onSignal } = await import("./serve/signals.ts");
    undoSignals = onSignal((signal) =>
      server.closeServer(signal === "SIGTERM" ? drain : 0)
    );
  }
  let listener: Listener;
  try {
    await unlessAborted(server.ready(), signal);
    listener = await listen({
      port,
      hostname,
      reusePort,
      fetch: (request, info) => {
        server.own(info, serving);
        return fetch(request, info);
      },
      onError: (error) => server.report(error),
    });
  } catch (error) {
    undoSignals();
    throw error;
  }
  const close = async () => {
    if (!serving.closed) {
      serving.close();
      signal?.removeEventListener("abort", abort);
      undoSignals();
      const closed = listener.close();
      server.endStreams(serving);
      await closed;
    }
    await listener.finished;
  };
  const abort = () => void close();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) await close();
  const url = `http://${urlHost(hostname)}:${listener.port}/`;
  const adminQuery = fetch === server.fetch ? server.adminQuery() : undefined;
  const adminUrl = adminQuery === undefined
    ? undefined
    : `${url}admin/${adminQuery}`;
  write(`Listening on ${url}`);
  if (adminUrl !== undefined) write(`Console at ${adminUrl}`);
  return {
    port: listener.port,
    hostname,
    adminUrl,
    finished: listener.finished,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Rejects with the signal's reason where it aborts before that. */
async function unlessAborted(
  ready: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aborted = deferred<never>();
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    await Promise.race([ready, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

async function listen(options: ListenOptions): Promise<Listener> {
  try {
    switch (runtimeName()) {
      case "bun":
        return await (await import("./serve/bun.ts")).listen(options);
      case "deno":
      case "node":
        return await (await withPackage(
          "Cannot listen as",
          "@hono/node-server",
          2,
          () => import("./serve/node.ts"),
        )).listen(options);
    }
  } catch (cause) {
    throw new Error(
      `Cannot serve on ${options.hostname}:${options.port}: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
  throw new Error(
    "Cannot serve as this is not Deno, Bun or Node: pass the server's fetch to the host instead",
  );
}

/** A host name for a URL that one can open. */
function urlHost(hostname: string): string {
  if (["", "0.0.0.0", "::"].includes(hostname)) return "localhost";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function logToConsole(line: string): void {
  console.log(`${new Date().toISOString()} ${line}`);
}
