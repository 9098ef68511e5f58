import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { addAdmin } from "./admin/routes.ts";
import { AdminAccess } from "./admin/access.ts";
import { Feed } from "./admin/feed.ts";
import { StreamTable } from "./admin/table.ts";
import type { CloseOptions, TicketGrant } from "./call_options.ts";
import type { Core } from "./core.ts";
import { drainOf } from "./drain.ts";
import { idleTimeout } from "./host_info.ts";
import { Gate } from "./http/gate.ts";
import { addPublish } from "./http/publish.ts";
import { addSubscribe } from "./http/subscribe.ts";
import { Tickets } from "./http/tickets.ts";
import { parseNamespace } from "./namespace.ts";
import type { SSEServerOptions } from "./server_options.ts";
import { type ServerSettings, serverSettingsOf } from "./server_settings.ts";
import {
  type ServeHandle,
  type ServeOptions,
  startServing,
} from "./serving.ts";
import { CheckedOptions, coreOf, SSEHub } from "./sse_hub.ts";
import type { AnyEvents } from "./typed.ts";
import { checkRequest } from "./web_request.ts";

/**
 * Broadcasts messages to namespaces, over Server-Sent Events (WHATWG HTML 9.2): an
 * {@linkcode SSEHub}, whose methods it has, with routes to subscribe and to publish,
 * tickets, and a console.
 *
 * Servers share nothing, so a program may have as many as it likes. `Events` says what
 * may be sent where, see {@linkcode MessageOf}; by default everything may.
 *
 * @example The time, every second
 * ```ts no-eval
 * import { SSEServer } from "@sseserver/sseserver";
 *
 * const sse = new SSEServer();
 * setInterval(
 *   () => sse.broadcast({ namespace: "/time", data: new Date().toISOString() }),
 *   1000,
 * );
 * await sse.serve({ port: 8001 }); // curl localhost:8001/subscribe/time
 * ```
 */
export class SSEServer<Events extends object = AnyEvents>
  extends SSEHub<Events> {
  /**
   * The routes as a Hono app, to mount in another one:
   * `app.route("/live", sse.app)`.
   */
  readonly app: Hono;
  /**
   * Answers a request; bound, so that it can be passed on as it is:
   * `Deno.serve(sse.fetch)`, `Bun.serve({ fetch: sse.fetch })`.
   *
   * `info` is what the host passes as the second argument of fetch.
   */
  readonly fetch: (
    request: Request,
    info?: unknown,
  ) => Response | Promise<Response>;
  /** The port for hosts that read it from a default export, as Bun does: 8001. */
  readonly port: number = 8001;
  /**
   * Seconds without traffic after which such a host may close a connection: three
   * keepalive intervals, at most 255. Streams get a longer one where they need it.
   */
  readonly idleTimeout: number;

  readonly #core: Core;
  readonly #settings: ServerSettings;
  readonly #access: AdminAccess;
  readonly #feed: Feed;
  readonly #tickets: Tickets;
  readonly #handles: Set<ServeHandle> = new Set();
  /** Calls of serve() that have not resolved yet. */
  readonly #serves: Set<Promise<ServeHandle>> = new Set();

  /**
   * Throws a `TypeError` or `RangeError` that names the option when one is not
   * as {@linkcode SSEServerOptions} has it. Starts nothing: that comes with the
   * first use.
   */
  constructor(options: SSEServerOptions = {}) {
    const settings = serverSettingsOf(options);
    super(new CheckedOptions(settings) as SSEServerOptions);
    const core = this.#core = coreOf(this);
    this.#settings = settings;
    this.idleTimeout = idleTimeout(settings.keepAlive * 1.5) || 255;
    this.#tickets = new Tickets(
      settings,
      (error) => core.callbacks.report(error),
    );
    this.#access = new AdminAccess(settings);
    this.#feed = new Feed(
      core.hub,
      settings.clock,
      () => core.engine.status?.(),
    );
    this.app = this.#newApp();
    this.fetch = (request, info) => {
      // As app.use(sse.fetch) of Express: nobody would ever be answered.
      checkRequest(request, "Cannot fetch");
      return this.app.fetch(request, info as Record<string, unknown>);
    };
  }

  /**
   * Issues a ticket, with which an EventSource subscribes that can send no header:
   * `/subscribe/…?ticket=…`, in place of what `authorize` decides by.
   *
   * It is good once and for 60 s. Along with the stream, the browser gets a cookie
   * (`HttpOnly`, `SameSite=Strict`) for the subscribe path, with which the same URL
   * is good until the grant expires: so EventSource gets back in. That holds for
   * this server object only, not for another one or after a restart, unless they
   * share an engine: then it holds for all of them.
   *
   * Throws a `TypeError` or `RangeError` that names the field when the grant is not
   * as {@linkcode TicketGrant} has it, and an `Error` without the option
   * `authorize`, when everyone may subscribe.
   *
   * @example A route that gives a signed-in user's page a ticket
   * ```ts no-eval
   * import { Hono } from "hono";
   * import { SSEServer } from "@sseserver/sseserver";
   *
   * const sse = new SSEServer({ authorize: () => false });
   * const app = new Hono<{ Variables: { user: string } }>();
   * app.post("/ticket", (c) => {
   *   const user = c.get("user");
   *   return c.json({ ticket: sse.ticket({ namespaces: [`/users/${user}`], user }) });
   * });
   * app.route("/", sse.app);
   * ```
   */
  ticket(grant: TicketGrant): string {
    if (this.#settings.authorize === undefined) {
      throw new Error("Cannot issue a ticket without the option 'authorize'");
    }
    this.#core.start();
    return this.#tickets.issue(grant);
  }

  /**
   * Listens with `Bun.serve`, or on Node and Deno with `@hono/node-server`, and
   * resolves once it does. Rejects when the port is taken.
   *
   * On Deno that carries more than `Deno.serve(sse.fetch)`, in less memory, and can
   * drop clients that do not read; `Deno.serve` speaks HTTP/2 and needs no package.
   */
  async serve(options: ServeOptions = {}): Promise<ServeHandle> {
    const serving = this.#serve(options);
    this.#serves.add(serving);
    try {
      return await serving;
    } finally {
      this.#serves.delete(serving);
    }
  }

  /**
   * Ends all streams as {@linkcode SSEHub.close} does, then every listener that
   * serve() has started.
   */
  override close(options: CloseOptions = {}): Promise<void> {
    return this.#core.close(drainOf(options), async () => {
      this.#feed.close();
      // A listener that is about to start has to be there to be closed.
      await Promise.allSettled(this.#serves);
      await Promise.all([...this.#handles].map((handle) => handle.close()));
    });
  }

  async #serve(options: ServeOptions): Promise<ServeHandle> {
    const core = this.#core;
    const handle = await startServing({
      fetch: this.fetch,
      ready: async () => {
        // The engine may wait for ever for what it connects to.
        if (!core.isClosing) await Promise.race([core.start(), core.closed]);
        if (core.isClosing) {
          throw new Error("Cannot serve as the server is closed");
        }
      },
      own: (info, serving) => core.owners.set(info, serving),
      endStreams: (serving) => core.hub.end(serving),
      closeServer: (drain) => this.close({ drain }),
      adminQuery: () => {
        if (!this.#access.enabled) return undefined;
        const key = this.#access.newKey();
        return key === undefined ? "" : `?key=${key}`;
      },
      report: (error) => core.callbacks.report(error),
    }, options);
    this.#handles.add(handle);
    handle.finished.then(() => this.#handles.delete(handle));
    return handle;
  }

  #newApp(): Hono {
    const core = this.#core;
    const settings = this.#settings;
    const report = (error: unknown) => core.callbacks.report(error);
    const app = new Hono();
    app.onError((error, context) => {
      if (error instanceof HTTPException) return error.getResponse();
      // Some hosts pass on what the client calls a host. It is not reported: the
      // error quotes the whole URL, which may hold a ticket or a key.
      if (!URL.canParse(context.req.url)) {
        return context.text("400 malformed URL or Host header\n", 400);
      }
      report(error);
      return context.text("500 internal error\n", 500);
    });
    const { hub, streams, broadcaster } = core;
    const host = {
      settings,
      hub,
      streams,
      broadcaster,
      tickets: this.#tickets,
      start: () => void core.start(),
      ready: () => core.ready(),
      report,
    };
    const { authorize, clock, limits } = settings;
    addSubscribe(app, {
      settings,
      counters: hub.counters,
      gate: authorize === undefined ? undefined : new Gate(host, authorize),
      open: ({ req, env }, namespaces, granted, latest) =>
        core.open(req.raw, namespaces, { info: env, latest, granted }),
    });
    addPublish(app, host);
    addAdmin(app, {
      access: this.#access,
      hub,
      feed: this.#feed,
      disconnect: (filter) => this.disconnect(filter),
      engine: () => core.engine.status?.(),
      table: new StreamTable(hub, clock),
      startedAt: () => core.startedAt,
      status: (page) => core.status(page),
      parse: (namespace) => parseNamespace(namespace, limits),
    });
    return app;
  }
}
