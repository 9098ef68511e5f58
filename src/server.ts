import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { addAdmin } from "./admin/routes.ts";
import { AdminAccess } from "./admin/access.ts";
import { Feed } from "./admin/feed.ts";
import { connectionStatus, type Status, statusOf } from "./admin/status.ts";
import { StreamTable, type TablePage } from "./admin/table.ts";
import { Broadcaster } from "./broadcaster.ts";
import type {
  CloseOptions,
  SubscribeOptions,
  TicketGrant,
} from "./call_options.ts";
import { type DisconnectFilter, wantedOf } from "./disconnect.ts";
import { Drain, LONGEST_DRAIN } from "./drain.ts";
import { type Engine, MemoryEngine } from "./engine.ts";
import { parseGrant } from "./grant.ts";
import { idleTimeout } from "./host_info.ts";
import { Gate } from "./http/gate.ts";
import { addPublish } from "./http/publish.ts";
import { lastEventIdOf, type OpenOptions, Streams } from "./http/streams.ts";
import { addSubscribe } from "./http/subscribe.ts";
import { Tickets } from "./http/tickets.ts";
import { Hub } from "./hub.ts";
import type { SSEMessage } from "./message.ts";
import { parseNamespace } from "./namespace.ts";
import type { SSEServerOptions } from "./options.ts";
import { historyOf, type Settings, settingsOf } from "./settings.ts";
import {
  type ServeHandle,
  type ServeOptions,
  Serving,
  startServing,
} from "./serving.ts";

/**
 * Broadcasts messages to namespaces, over Server-Sent Events (WHATWG HTML 9.2).
 *
 * Servers share nothing, so a program may have as many as it likes.
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
export class SSEServer implements AsyncDisposable {
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

  readonly #settings: Settings;
  readonly #engine: Engine;
  readonly #hub: Hub;
  readonly #streams: Streams;
  readonly #access: AdminAccess;
  readonly #feed: Feed;
  readonly #broadcaster: Broadcaster;
  readonly #tickets: Tickets;
  readonly #handles: Set<ServeHandle> = new Set();
  /** Which call of serve() a request came through, by its `info`. */
  readonly #servings: WeakMap<object, Serving> = new WeakMap();
  /** Calls of serve() that have not resolved yet. */
  readonly #serves: Set<Promise<ServeHandle>> = new Set();
  #startedAt = 0;
  #closing: Promise<void> | undefined;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #drain: Drain | undefined;

  /**
   * Throws a `TypeError` or `RangeError` that names the option when one is not
   * as {@linkcode SSEServerOptions} has it. Starts nothing: that comes with the
   * first use.
   */
  constructor(options: SSEServerOptions = {}) {
    const settings = this.#settings = settingsOf(options);
    this.idleTimeout = idleTimeout(settings.keepAlive * 1.5) || 255;
    this.#hub = new Hub({
      ...settings,
      ordered: (body) => {
        try {
          const order = this.#broadcaster.ordered(body);
          if (order !== undefined) this.#disconnect(order.disconnect);
        } catch (error) {
          // Such as one from a server with other limits.
          this.#report(error);
        }
      },
      connected: (connection, owner) => {
        if (owner instanceof Serving) {
          this.#call(() => owner.connected(connection));
        }
        this.#call(settings.onConnect?.bind(undefined, connection));
      },
      disconnected: (connection, reason, owner) => {
        if (owner instanceof Serving) {
          this.#call(() => owner.disconnected(connection, reason));
        }
        this.#call(settings.onDisconnect?.bind(undefined, connection, reason));
      },
    });
    this.#engine = settings.engine ?? new MemoryEngine();
    this.#broadcaster = new Broadcaster({
      engine: this.#engine,
      hub: this.#hub,
      limits: settings.limits,
      history: settings.history || historyOf(true),
      report: (error) => this.#report(error),
    });
    this.#tickets = new Tickets(settings, (error) => this.#report(error));
    this.#streams = new Streams(this.#hub, settings);
    this.#access = new AdminAccess(settings.admin);
    this.#feed = new Feed(
      this.#hub,
      settings.clock,
      () => this.#engine.status?.(),
    );
    this.app = this.#newApp();
    this.fetch = (request, info) =>
      this.app.fetch(request, info as Record<string, unknown>);
  }

  /**
   * Sends a message to everyone who hears its namespace. Fire and forget: what
   * keeps the engine from accepting it goes to `onError`. Once the server is
   * closed it does nothing.
   *
   * Throws a `TypeError` or `RangeError` that names the field when the message is
   * not as {@linkcode SSEMessage} has it, or larger than `limits.messageBytes`.
   */
  broadcast(message: SSEMessage): void {
    const encoded = this.#broadcaster.encode(message);
    this.#start();
    this.#broadcaster.broadcast(encoded);
  }

  /**
   * Sends a message like {@linkcode SSEServer.broadcast} and resolves with its id
   * once the engine has accepted it. On a server that is at its limit it resolves
   * up to a second later, so that a publisher who waits for it slows down.
   *
   * Rejects when the message is bad, the server is closed or the engine refuses
   * it, and with a `TimeoutError` after 3 s: then it may still arrive, once.
   */
  async publish(message: SSEMessage): Promise<string> {
    const encoded = this.#broadcaster.encode(message);
    this.#start();
    return await this.#broadcaster.publish(encoded);
  }

  /**
   * Tells everyone who hears a namespace that nothing more will come to it, by an
   * event named `sse-end`, and ends the streams that hear nothing else.
   *
   * The end has its place in the order like a message: readers, and clients that
   * come back, get all that came before it. With a `history`, a client that has
   * seen it and comes back is answered with 204, so that EventSource stops (WHATWG
   * HTML 9.2.3); one that is new is told of the end. That is remembered as long as
   * messages are, and undone by the next broadcast to the namespace or below it.
   *
   * Throws a `TypeError` or `RangeError` when the namespace is not as it should be.
   */
  end(namespace: string): void {
    const encoded = this.#broadcaster.encodeEnd(namespace);
    this.#start();
    this.#broadcaster.broadcast(encoded);
  }

  /**
   * Ends the streams for which everything that is given holds; returns how many.
   * Their clients come back by themselves, unless `authorize` refuses them then or
   * their namespaces have ended. Who came by a ticket gets in until its grant expires.
   *
   * Other servers that share the engine do the same, which is not counted; but for an
   * `id`, as that is a stream of this one. One that is told of a gap (`sse-gap`) may
   * have missed it.
   *
   * Throws a `TypeError` or `RangeError` that names the field when one is not as
   * {@linkcode DisconnectFilter} has it, or none is given.
   */
  disconnect(filter: DisconnectFilter): number {
    const count = this.#disconnect(filter);
    const { id, namespace, user } = filter;
    if (id === undefined) {
      this.#broadcaster.order({
        disconnect: {
          ...(namespace === undefined ? {} : { namespace }),
          ...(user === undefined ? {} : { user }),
        },
      });
    }
    return count;
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
    this.#start();
    return this.#tickets.issue(grant);
  }

  /**
   * Answers a request of any route with a stream of the namespaces.
   *
   * The caller decides who may hear what: `authorize`, tickets, CORS and
   * `rootSubscribe` do not apply and `?ns=` and `?latest` are not read, but HEAD,
   * resuming and the limits are seen to. Throws a `TypeError` or `RangeError` when
   * a namespace, `user` or `expires` is not as it should be, and a `TypeError` for
   * `latest` without a history.
   *
   * @example Updates for the user who is signed in
   * ```ts no-eval
   * import { Hono } from "hono";
   * import { SSEServer } from "@sseserver/sseserver";
   *
   * const sse = new SSEServer();
   * const app = new Hono<{ Variables: { user: string } }>();
   * app.get("/updates", (c) =>
   *   sse.subscribe(c.req.raw, `/users/${c.get("user")}`, { info: c.env }));
   * ```
   */
  subscribe(
    request: Request,
    namespaces: string | readonly string[],
    { info, headers, latest, user, expires }: SubscribeOptions = {},
  ): Response | Promise<Response> {
    const { limits, history } = this.#settings;
    const granted = parseGrant(
      {
        ...(user === undefined ? {} : { user }),
        ...(expires === undefined ? {} : { expires }),
      },
      limits,
      "Cannot subscribe",
    );
    if (latest && history === false) {
      throw new TypeError(
        "Cannot subscribe as 'latest' needs the option 'history': current value is true",
      );
    }
    const asked = typeof namespaces === "string" ? [namespaces] : namespaces;
    if (asked.length === 0 || asked.length > limits.namespacesPerStream) {
      throw new RangeError(
        `Cannot subscribe as 'namespaces' must be from 1 to ${limits.namespacesPerStream} (limits.namespacesPerStream): current value has ${asked.length}`,
      );
    }
    const parsed = asked.map((namespace) => parseNamespace(namespace, limits));
    return this.#open(request, parsed, { info, headers, latest, granted });
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

  /** What the server is doing; takes time for every open stream. */
  status(): Status {
    const rows = Array.from(this.#hub.streams(), connectionStatus);
    return this.#statusOf({ rows, total: rows.length });
  }

  /**
   * Ends all streams, after what their clients can take at once, then every
   * listener that serve() has started. From the call on, requests are answered by
   * streams that end at once and tell the client when to come back; nothing opens
   * again.
   *
   * With `drain` the streams end one after the other over so many milliseconds,
   * each with a `retry:` of its own; those that are still open hear what is
   * broadcast. A second call without it ends the rest at once. Throws a
   * `RangeError` when `drain` is not as it should be.
   */
  close({ drain = 0 }: CloseOptions = {}): Promise<void> {
    if (!Number.isInteger(drain) || drain < 0 || drain > LONGEST_DRAIN) {
      throw new RangeError(
        `Cannot close as 'drain' must be an integer from 0 to ${LONGEST_DRAIN}: current value is ${drain}`,
      );
    }
    if (drain === 0) this.#drain?.hurry();
    return this.#closing ??= this.#close(drain);
  }

  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(options: ServeOptions): Promise<ServeHandle> {
    const handle = await startServing({
      fetch: this.fetch,
      ready: async () => {
        if (this.#closing === undefined) {
          // The engine may wait for ever for what it connects to.
          await Promise.race([this.#start(), this.#closed.promise]);
        }
        if (this.#closing !== undefined) {
          throw new Error("Cannot serve as the server is closed");
        }
      },
      own: (info, serving) => this.#servings.set(info, serving),
      endStreams: (serving) => this.#hub.end(serving),
      closeServer: (drain) => this.close({ drain }),
      adminQuery: () => {
        if (!this.#access.enabled) return undefined;
        const key = this.#access.newKey();
        return key === undefined ? "" : `?key=${key}`;
      },
      report: (error) => this.#report(error),
    }, options);
    this.#handles.add(handle);
    handle.finished.then(() => this.#handles.delete(handle));
    return handle;
  }

  async #close(drain: number): Promise<void> {
    this.#closed.resolve();
    this.#streams.close();
    if (drain > 0) {
      this.#drain = new Drain(this.#hub, drain, this.#settings.clock);
      await this.#drain.finished;
    }
    this.#broadcaster.stop();
    const settled = this.#broadcaster.settled();
    if (settled !== undefined) await settled;
    this.#hub.end();
    this.#feed.close();
    // A listener that is about to start has to be there to be closed.
    await Promise.allSettled(this.#serves);
    await Promise.all([...this.#handles].map((handle) => handle.close()));
    await this.#broadcaster.close();
  }

  #disconnect(filter: DisconnectFilter): number {
    const { limits } = this.#settings;
    return this.#hub.disconnect(
      wantedOf(filter, (namespace) => parseNamespace(namespace, limits)),
    );
  }

  #statusOf(page: TablePage): Status {
    this.#start();
    return statusOf(this.#hub, {
      closed: this.#closing !== undefined,
      startedAt: this.#startedAt,
      now: this.#settings.clock.now(),
      engine: this.#engine.status?.(),
    }, page);
  }

  /** The same for 3 s at most, then it rejects; of which there may be any number. */
  #ready(): Promise<void> | undefined {
    this.#start();
    return this.#broadcaster.ready();
  }

  /** Starts what the constructor must not; a promise while the engine gets ready. */
  #start(): Promise<void> | undefined {
    this.#startedAt ||= this.#settings.clock.now();
    return this.#broadcaster.start();
  }

  #open(
    request: Request,
    namespaces: readonly string[],
    { info, headers, latest, granted }: Omit<OpenOptions, "owner">,
  ): Response | Promise<Response> {
    const owner = typeof info === "object" && info !== null
      ? this.#servings.get(info)
      : undefined;
    const options = { info, owner, headers, latest, granted };
    const open = () => this.#streams.open(request, namespaces, options);
    const openLate = () =>
      // Nobody is there any more to take a stream.
      request.signal.aborted ? new Response(null, { status: 408 }) : open();
    const refuse = () => this.#streams.refuse(request, headers, "engine");
    // The server that the client comes from may be ahead of this one.
    const reach = () => this.#broadcaster.reach(lastEventIdOf(request));
    const starting = this.#ready();
    if (starting === undefined) {
      const reached = reach();
      return reached === undefined ? open() : reached.then(openLate, refuse);
    }
    return starting.then(
      () => reach()?.then(openLate, refuse) ?? openLate(),
      (error) => {
        this.#report(error);
        return refuse();
      },
    );
  }

  #newApp(): Hono {
    const app = new Hono();
    app.onError((error, context) => {
      if (error instanceof HTTPException) return error.getResponse();
      // Some hosts pass on what the client calls a host. It is not reported: the
      // error quotes the whole URL, which may hold a ticket or a key.
      if (!URL.canParse(context.req.url)) {
        return context.text("400 malformed URL or Host header\n", 400);
      }
      this.#report(error);
      return context.text("500 internal error\n", 500);
    });
    const settings = this.#settings;
    const hub = this.#hub;
    const host = {
      settings,
      hub,
      streams: this.#streams,
      tickets: this.#tickets,
      broadcaster: this.#broadcaster,
      start: () => void this.#start(),
      ready: () => this.#ready(),
      report: (error: unknown) => this.#report(error),
    };
    const { authorize, clock, limits } = settings;
    addSubscribe(app, {
      settings,
      counters: hub.counters,
      gate: authorize === undefined ? undefined : new Gate(host, authorize),
      open: ({ req, env }, namespaces, granted, latest) =>
        this.#open(req.raw, namespaces, { info: env, latest, granted }),
    });
    addPublish(app, host);
    addAdmin(app, {
      access: this.#access,
      hub: this.#hub,
      feed: this.#feed,
      disconnect: (filter) => this.disconnect(filter),
      engine: () => this.#engine.status?.(),
      table: new StreamTable(this.#hub, clock),
      startedAt: () => {
        this.#start();
        return this.#startedAt;
      },
      status: (page) => this.#statusOf(page),
      parse: (namespace) => parseNamespace(namespace, limits),
    });
    return app;
  }

  /** Calls back out of the way of whatever is going on; what it throws is reported. */
  #call(callback: (() => unknown) | undefined): void {
    if (callback === undefined) return;
    queueMicrotask(async () => {
      try {
        await callback();
      } catch (error) {
        this.#report(error);
      }
    });
  }

  #report(error: unknown): void {
    const { onError } = this.#settings;
    queueMicrotask(async () => {
      try {
        await onError(error);
      } catch (failure) {
        console.error("onError failed:", failure, "while it was told:", error);
      }
    });
  }
}
