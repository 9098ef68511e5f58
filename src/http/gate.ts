import type { Context } from "hono";
import { clientAddress, isSecure } from "../client_address.ts";
import type { RefusalReason } from "../counters.ts";
import { type Granted, narrowed } from "../grant.ts";
import type { Hub } from "../hub.ts";
import type { Authorize } from "../server_options.ts";
import type { ServerSettings } from "../server_settings.ts";
import type { SocketLimits } from "../sockets.ts";
import {
  decide,
  type Decision,
  forbidden,
  type Refused,
  unauthorized,
} from "./access.ts";
import { pathOf } from "./path.ts";
import type { Streams } from "./streams.ts";
import type { Admission, Tickets } from "./tickets.ts";

/** What a gate needs of its server. */
export interface GateHost {
  readonly settings: ServerSettings;
  readonly hub: Hub;
  readonly streams: Streams;
  readonly tickets: Tickets;
  /** Resolves once the engine is ready, `undefined` where it is; rejects after 3 s. */
  ready(): Promise<void> | undefined;
  report(error: unknown): void;
}

/** Lets those subscribe whom `authorize` or a ticket allows to. */
export class Gate {
  readonly #host: GateHost;
  readonly #authorize: Authorize;
  /** Requests that are being decided on. */
  #pending = 0;
  /** How many of them each client has. */
  readonly #pendingOf: Map<string, number> = new Map();

  constructor(host: GateHost, authorize: Authorize) {
    this.#host = host;
    this.#authorize = authorize;
  }

  /** Calls `open` with what a request may hear, or refuses it. */
  async pass(
    context: Context,
    namespaces: readonly string[],
    open: (
      namespaces: readonly string[],
      granted: Granted,
    ) => Response | Promise<Response>,
  ): Promise<Response> {
    const { raw } = context.req;
    const { proxies } = this.#host.settings;
    const client = clientAddress(raw, context.env, proxies);
    // Who could not be let in is not worth a look at a token, nor any number of them.
    const limit = this.#exceeded(client);
    if (limit !== undefined) return this.#refuse(context, limit);
    const release = this.#hold(client);
    raw.signal.addEventListener("abort", release, { once: true });
    let decision: Decision;
    try {
      decision = await this.#decide(context, namespaces);
    } finally {
      release();
    }
    // Nobody is there any more to take a stream.
    if (raw.signal.aborted) return context.body(null, 408);
    if (decision.kind !== "granted") return this.#refused(context, decision);
    const { granted, cookies = [] } = decision;
    const within = narrowed(namespaces, granted);
    const response = within.length > 0
      ? await open(within, granted)
      : this.#refused(
        context,
        forbidden(context, "nothing of this namespace is granted"),
      );
    for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
    return response;
  }

  #exceeded(client: string): keyof SocketLimits | undefined {
    const { settings: { limits }, hub } = this.#host;
    if (this.#pending >= limits.connections) return "connections";
    const { connectionsPerClient = Infinity } = limits;
    return (this.#pendingOf.get(client) ?? 0) >= connectionsPerClient
      ? "connectionsPerClient"
      : hub.exceeded(client);
  }

  /** Counts a request that is being decided on, until it is released. */
  #hold(client: string): () => void {
    // An unknown address has no limit of its own.
    const counted = client !== "";
    this.#pending++;
    if (counted) {
      this.#pendingOf.set(client, (this.#pendingOf.get(client) ?? 0) + 1);
    }
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#pending--;
      if (!counted) return;
      const left = this.#pendingOf.get(client)! - 1;
      if (left > 0) this.#pendingOf.set(client, left);
      else this.#pendingOf.delete(client);
    };
  }

  async #decide(
    context: Context,
    namespaces: readonly string[],
  ): Promise<Decision> {
    const ticket = context.req.query("ticket");
    if (ticket === undefined) {
      return await decide(
        this.#authorize,
        context,
        namespaces,
        "subscribe",
        this.#host,
      );
    }
    const { tickets, settings: { proxies }, report, ready } = this.#host;
    let admission: Admission | undefined;
    try {
      // Where others share it, the tickets are with it.
      await ready();
      admission = await tickets.admit(context, ticket, {
        // A semicolon would end the cookie's attribute.
        path: pathOf(context).replaceAll(";", "%3B"),
        isSecure: isSecure(context.req.raw, proxies),
        isFor: (granted) => narrowed(namespaces, granted).length > 0,
      });
    } catch (error) {
      report(error);
      return { kind: "failed" };
    }
    return admission === undefined
      ? unauthorized(context, "the ticket was used, or is none, or too old")
      : { kind: "granted", ...admission };
  }

  #refused(context: Context, refused: Refused): Response {
    if (refused.kind === "failed") return this.#refuse(context, "authorize");
    this.#host.hub.counters.refusals[refused.kind]++;
    return refused.response;
  }

  /** Refuses for now. */
  #refuse({ req }: Context, reason: RefusalReason): Response {
    return this.#host.streams.refuse(req.raw, undefined, reason);
  }
}
