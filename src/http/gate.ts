import type { Context } from "hono";
import { isSecure } from "../client.ts";
import type { RefusalReason } from "../counters.ts";
import { type Granted, narrowed } from "../grant.ts";
import type { Hub } from "../hub.ts";
import type { Authorize } from "../options.ts";
import type { Settings } from "../settings.ts";
import {
  decide,
  type Decision,
  forbidden,
  type Refused,
  unauthorized,
} from "./access.ts";
import { pathOf } from "./path.ts";
import type { Streams } from "./streams.ts";
import type { Tickets } from "./tickets.ts";

/** What a gate needs of its server. */
export interface GateHost {
  readonly settings: Settings;
  readonly hub: Hub;
  readonly streams: Streams;
  readonly tickets: Tickets;
  report(error: unknown): void;
}

/** Lets those subscribe whom `authorize` or a ticket allows to. */
export class Gate {
  readonly #host: GateHost;
  readonly #authorize: Authorize;
  /** Requests that are being decided on. */
  #pending = 0;

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
    const { settings: { limits }, streams } = this.#host;
    // Who could not be let in is not worth a look at a token, nor any number of them.
    const limit = this.#pending >= limits.connections
      ? "connections"
      : streams.exceeded(context.req.raw, context.env);
    if (limit !== undefined) return this.#refuse(context, limit);
    this.#pending++;
    let decision: Decision;
    try {
      decision = await this.#decide(context, namespaces);
    } finally {
      this.#pending--;
    }
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
    const { tickets, settings: { proxies } } = this.#host;
    const admission = await tickets.admit(
      context,
      ticket,
      // A semicolon would end the cookie's attribute.
      pathOf(context).replaceAll(";", "%3B"),
      isSecure(context.req.raw, proxies),
    );
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
