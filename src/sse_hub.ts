import type { Status } from "./admin/status.ts";
import type { CloseOptions, SubscribeOptions } from "./call_options.ts";
import { Core } from "./core.ts";
import type { DisconnectFilter } from "./disconnect.ts";
import { drainOf } from "./drain.ts";
import { parseGrant } from "./grant.ts";
import type { SSEMessage } from "./message.ts";
import { parseNamespace } from "./namespace.ts";
import { OptionCheck } from "./option_check.ts";
import type { SSEHubOptions } from "./options.ts";
import { quote } from "./quote.ts";
import { HUB_OPTION_NAMES, type Settings, settingsOf } from "./settings.ts";
import type { AnyEvents, MessageOf } from "./typed.ts";
import { checkRequest } from "./web_request.ts";

const SUBSCRIBE_NAMES: ReadonlySet<string> = new Set<keyof SubscribeOptions>([
  "info",
  "headers",
  "latest",
  "user",
  "expires",
]);

const subscribing = new OptionCheck("Cannot subscribe");

/** Options that have been checked, by a class that has more of them. */
export class CheckedOptions {
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }
}

/** What a hub is made of, for those who build on it. */
export let coreOf: (hub: SSEHub) => Core;

/**
 * Broadcasts messages to namespaces, over Server-Sent Events (WHATWG HTML 9.2), from
 * the routes of your own program. {@linkcode SSEServer} is one with routes, tickets
 * and a console.
 *
 * Hubs share nothing, so a program may have as many as it likes. `Events` says what
 * may be sent where, see {@linkcode MessageOf}; by default everything may.
 *
 * @example A stream for everyone who asks
 * ```ts no-eval
 * import { SSEHub } from "@sseserver/sseserver/hub";
 *
 * const hub = new SSEHub({ history: true });
 * Deno.serve((request, info) => hub.subscribe(request, "/news", { info }));
 * hub.broadcast({ namespace: "/news/sports", data: { goals: 3 } });
 * ```
 */
export class SSEHub<Events extends object = AnyEvents>
  implements AsyncDisposable {
  readonly #core: Core;

  static {
    coreOf = (hub) => hub.#core;
  }

  /**
   * Throws a `TypeError` or `RangeError` that names the option when one is not
   * as {@linkcode SSEHubOptions} has it. Starts nothing: that comes with the
   * first use.
   */
  constructor(options: SSEHubOptions = {}) {
    this.#core = new Core(
      options instanceof CheckedOptions
        ? options.settings
        : hubSettingsOf(options),
    );
  }

  /**
   * Sends a message to everyone who hears its namespace. Fire and forget: what
   * keeps the engine from accepting it goes to `onError`. Once the hub is closed it
   * does nothing.
   *
   * Throws a `TypeError` or `RangeError` that names the field when the message is
   * not as {@linkcode SSEMessage} has it, or larger than `limits.messageBytes`.
   */
  broadcast<N extends string, E extends string = "message">(
    message: MessageOf<Events, N, E>,
  ): void {
    const { broadcaster } = this.#core;
    const encoded = broadcaster.encode(message as SSEMessage);
    this.#core.start();
    broadcaster.broadcast(encoded);
  }

  /**
   * Sends a message like {@linkcode SSEHub.broadcast} and resolves with its id once
   * the engine has accepted it. On a hub that is at its limit it resolves up to a
   * second later, so that a publisher who waits for it slows down.
   *
   * Rejects when the message is bad, the hub is closed or the engine refuses it, and
   * with a `TimeoutError` after 3 s: then it may still arrive, once.
   */
  async publish<N extends string, E extends string = "message">(
    message: MessageOf<Events, N, E>,
  ): Promise<string> {
    const { broadcaster } = this.#core;
    const encoded = broadcaster.encode(message as SSEMessage);
    this.#core.start();
    return await broadcaster.publish(encoded);
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
    const { broadcaster } = this.#core;
    const encoded = broadcaster.encodeEnd(namespace);
    this.#core.start();
    broadcaster.broadcast(encoded);
  }

  /**
   * Ends the streams for which everything that is given holds; returns how many.
   * Their clients come back by themselves, unless they are refused then or their
   * namespaces have ended. Who came by a ticket gets in until its grant expires.
   *
   * Others that share the engine do the same, which is not counted; but for an `id`,
   * as that is a stream of this one. One that is told of a gap (`sse-gap`) may have
   * missed it.
   *
   * Throws a `TypeError` or `RangeError` that names the field when one is not as
   * {@linkcode DisconnectFilter} has it, or none is given.
   */
  disconnect(filter: DisconnectFilter): number {
    const count = this.#core.disconnect(filter);
    const { id, namespace, user } = filter;
    if (id === undefined) {
      this.#core.broadcaster.order({
        disconnect: {
          ...(namespace === undefined ? {} : { namespace }),
          ...(user === undefined ? {} : { user }),
        },
      });
    }
    return count;
  }

  /**
   * Answers a request of any route with a stream of the namespaces.
   *
   * The caller decides who may hear what: `authorize`, tickets, CORS and
   * `rootSubscribe` of a server do not apply and `?ns=` and `?latest` are not read,
   * but HEAD, resuming and the limits are seen to. Throws a `TypeError` or
   * `RangeError` when the request, a namespace or an option is not as it should be,
   * and a `TypeError` for `latest` without a history.
   *
   * @example Updates for the user who is signed in
   * ```ts no-eval
   * import { Hono } from "hono";
   * import { SSEHub } from "@sseserver/sseserver/hub";
   *
   * const hub = new SSEHub();
   * const app = new Hono<{ Variables: { user: string } }>();
   * app.get("/updates", (c) =>
   *   hub.subscribe(c.req.raw, `/users/${c.get("user")}`, { info: c.env }));
   * ```
   */
  subscribe(
    request: Request,
    namespaces: string | readonly string[],
    options: SubscribeOptions = {},
  ): Response | Promise<Response> {
    checkRequest(request, "Cannot subscribe");
    subscribing.names(options, SUBSCRIBE_NAMES);
    const { info, headers, latest = false, user, expires } = options;
    subscribing.type("latest", latest, "boolean");
    const { limits, history } = this.#core.settings;
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
    if (!Array.isArray(asked)) {
      throw new TypeError(
        `Cannot subscribe as 'namespaces' must be a string or an array: current value is ${
          quote(asked)
        }`,
      );
    }
    if (asked.length === 0 || asked.length > limits.namespacesPerStream) {
      throw new RangeError(
        `Cannot subscribe as 'namespaces' must be from 1 to ${limits.namespacesPerStream} (limits.namespacesPerStream): current value has ${asked.length}`,
      );
    }
    // Not map(), which passes over what is missing in it.
    const parsed = Array.from(asked, (one) => parseNamespace(one, limits));
    return this.#core.open(request, parsed, { info, headers, latest, granted });
  }

  /** What the hub is doing; takes time for every open stream. */
  status(): Status {
    return this.#core.status();
  }

  /**
   * Ends all streams, after what their clients can take at once. From the call on,
   * requests are answered by streams that end at once and tell the client when to
   * come back; nothing opens again.
   *
   * With `drain` the streams end one after the other over so many milliseconds,
   * each with a `retry:` of its own; those that are still open hear what is
   * broadcast. A second call without it ends the rest at once. Throws a
   * `TypeError` or `RangeError` when an option is not as it should be.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#core.close(drainOf(options));
  }

  /** Closes the hub at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function hubSettingsOf(options: SSEHubOptions): Settings {
  const check = new OptionCheck("Cannot create an SSEHub");
  check.names(options, HUB_OPTION_NAMES);
  return settingsOf(options, check);
}
