import type { Context, Hono } from "hono";
import { cors } from "hono/cors";
import { parseNamespace, parseNamespacePath, ROOT } from "../namespace.ts";
import type { Counters } from "../counters.ts";
import { EVERYTHING, type Granted } from "../grant.ts";
import type { CORSOptions } from "../server_options.ts";
import type { ServerSettings } from "../server_settings.ts";
import type { Gate } from "./gate.ts";
import { pathBelow } from "./path.ts";

/** What the route is made of. */
export interface Subscribing {
  readonly settings: ServerSettings;
  readonly counters: Counters;
  /** Decides who may hear what; `undefined` where everyone may hear everything. */
  readonly gate: Gate | undefined;
  /** Opens a stream once the engine is ready. */
  open(
    context: Context,
    namespaces: readonly string[],
    granted: Granted,
    latest: boolean,
  ): Response | Promise<Response>;
}

const ROUTE = "/subscribe/*";
const METHODS = ["GET", "HEAD", "OPTIONS"];
/** Request headers that a page of another origin may send: EventSource and its polyfills do. */
const ALLOWED_HEADERS = ["Last-Event-ID", "Cache-Control", "Authorization"];

/** Adds `/subscribe/<namespace>` to an app. */
export function addSubscribe(
  app: Hono,
  { settings, counters: { refusals }, gate, open }: Subscribing,
): void {
  if (settings.cors !== false) app.use(ROUTE, corsHeaders(settings.cors));
  app.all(ROUTE, (context) => {
    // Not context.req.method: Hono calls the handler for GET when it gets HEAD.
    const { method } = context.req.raw;
    if (method === "OPTIONS") {
      return context.body(null, 204, { Allow: METHODS.join(", ") });
    }
    if (!METHODS.includes(method)) {
      return context.text("405 method not allowed\n", 405, {
        Allow: METHODS.join(", "),
      });
    }
    let namespaces: string[];
    let latest: boolean;
    try {
      namespaces = namespacesOf(context, settings);
      latest = latestOf(context, settings);
    } catch (error) {
      refusals.malformed++;
      return context.text(`400 ${(error as Error).message}\n`, 400);
    }
    if (!settings.rootSubscribe && namespaces.includes(ROOT)) {
      refusals.forbidden++;
      return context.text("403 subscribing to / is disabled\n", 403);
    }
    if (gate === undefined) {
      return open(context, namespaces, EVERYTHING, latest);
    }
    return gate.pass(
      context,
      namespaces,
      (within, granted) => open(context, within, granted, latest),
    );
  });
}

function corsHeaders(
  { origin = "*", credentials = false, maxAge }: CORSOptions,
): ReturnType<typeof cors> {
  return cors({
    origin: typeof origin === "string" ? origin : [...origin],
    credentials,
    allowMethods: METHODS,
    allowHeaders: ALLOWED_HEADERS,
    ...(maxAge === undefined ? {} : { maxAge }),
  });
}

/** The namespace in the path and those in `?ns=`, normalised. */
function namespacesOf(context: Context, { limits }: ServerSettings): string[] {
  const namespaces: string[] = [];
  const path = pathBelow(context);
  const asked = new URL(context.req.url).searchParams.getAll("ns");
  if (path !== undefined || asked.length === 0) {
    namespaces.push(parseNamespacePath(path ?? "", limits));
  }
  const count = namespaces.length + asked.length;
  if (count > limits.namespacesPerStream) {
    throw new RangeError(
      `Cannot subscribe as 'ns' must not name more than ${limits.namespacesPerStream} namespaces, with that of the path: current value has ${count}`,
    );
  }
  for (const namespace of asked) {
    namespaces.push(parseNamespace(namespace, limits));
  }
  return namespaces;
}

/** Whether the client asks for the last message of each namespace. */
function latestOf({ req }: Context, { history }: ServerSettings): boolean {
  const asked = req.query("latest");
  if (asked === undefined || asked === "false" || asked === "0") return false;
  if (history === false) {
    throw new TypeError(
      "Cannot subscribe with 'latest' as this server keeps no history",
    );
  }
  return true;
}
