import type { Context, Hono } from "hono";
import type { Broadcaster, Encoded } from "../broadcaster.ts";
import { formatId, type Position } from "../engine.ts";
import { EVERYTHING, type Granted, narrowed } from "../grant.ts";
import { isBodyComplete, isBodyRead } from "../host_info.ts";
import type { Hub } from "../hub.ts";
import { parseNamespacePath } from "../namespace.ts";
import type { PublishOptions } from "../server_options.ts";
import { inTime } from "../publisher.ts";
import { bearerToken, digest, isEqual } from "../secrets.ts";
import type { ServerSettings } from "../server_settings.ts";
import { decide, forbidden, unauthorized } from "./access.ts";
import { isSameOrigin } from "./origin.ts";
import { pathBelow } from "./path.ts";
import { bodyType, parsePublished } from "./publish_body.ts";
import { readBody } from "./read_body.ts";
import {
  KEY_LIFETIME,
  KeyReusedError,
  PublishedKeys,
} from "./published_keys.ts";
import {
  BODY_TAKEN,
  bodyTaken,
  Refusal,
  refusal,
  tooLarge,
  tooSlow,
  unavailable,
  unreadable,
  valid,
} from "./refusal.ts";

/** What the route is made of. */
export interface Publishing {
  readonly settings: ServerSettings;
  readonly hub: Hub;
  readonly broadcaster: Broadcaster;
  /** Takes note that the server is used. */
  start(): void;
  report(error: unknown): void;
}

const ROUTE = "/publish/*";
const ALLOW = "POST";
/** Bytes that a body may have besides its data: the field names, a name, escapes. */
const MARGIN = 1024;
/** Milliseconds that a body may take. */
const BODY_TIME = 30_000;
/** Requests at a time, from the first look at who sends one to its answer. */
const REQUESTS = 1_000;
/** Longest `Idempotency-Key`, in characters; a UUID in quotes has 38. */
const KEY_LENGTH = 255;

/** The server is at its limit. */
class SaturatedError extends Error {}

/** Adds `POST /publish/<namespace>` to an app, if somebody may publish. */
export function addPublish(app: Hono, publishing: Publishing): void {
  const { settings: { publish }, hub: { counters } } = publishing;
  if (publish === false) return;
  const route = new PublishRoute(publishing, publish);
  app.all(ROUTE, async (context) => {
    const { method } = context.req.raw;
    if (method === "OPTIONS") return context.body(null, 204, { Allow: ALLOW });
    if (method !== "POST") {
      return context.text("405 method not allowed\n", 405, { Allow: ALLOW });
    }
    try {
      const position = await route.publish(context);
      return context.json({ id: formatId(position) }, 201);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      counters.publishRefusals[error.reason]++;
      return error.response;
    }
  });
}

class PublishRoute {
  readonly #publishing: Publishing;
  readonly #options: PublishOptions;
  readonly #keys: PublishedKeys<Position>;
  #token: Promise<string> | undefined;
  #pending = 0;

  constructor(publishing: Publishing, options: PublishOptions) {
    this.#publishing = publishing;
    this.#options = options;
    const { clock } = publishing.settings;
    this.#keys = new PublishedKeys(() => clock.now());
  }

  /** Publishes what a request carries; throws a Refusal. */
  async publish(context: Context): Promise<Position> {
    if (this.#pending >= REQUESTS) throw unavailable(context);
    this.#publishing.start();
    this.#pending++;
    try {
      return await this.#publish(context);
    } finally {
      this.#pending--;
    }
  }

  async #publish(context: Context): Promise<Position> {
    const { raw } = context.req;
    if (!isSameOrigin(context)) {
      throw refusal(forbidden(context, "publishing is not for other pages"));
    }
    const { limits } = this.#publishing.settings;
    const namespace = valid(
      context,
      () => parseNamespacePath(pathBelow(context) ?? "", limits),
    );
    const publisher = await this.#authorized(context, namespace);
    const type = bodyType(raw);
    if (type === undefined) {
      throw new Refusal(
        "type",
        context.text(
          "415 'Content-Type' must be application/json or text/plain, in UTF-8 and not compressed\n",
          415,
        ),
      );
    }
    const key = valid(context, () => keyOf(raw, publisher));
    const body = await this.#read(context);
    const encoded = valid(context, () => {
      const message = parsePublished(body, type, context.req.query("event"));
      return this.#publishing.broadcaster.encode({ ...message, namespace });
    });
    return await this.#accepted(context, encoded, key);
  }

  /**
   * Who publishes, `undefined` where that is not known; throws where it is nobody
   * who may.
   */
  async #authorized(
    context: Context,
    namespace: string,
  ): Promise<string | undefined> {
    const { token, authorize } = this.#options;
    const given = bearerToken(context.req.raw);
    if (token !== undefined && given !== undefined) {
      const expected = await (this.#token ??= digest(token));
      if (isEqual(await digest(given), expected)) return "token";
    }
    if (authorize === undefined) {
      throw refusal(unauthorized(
        context,
        given === undefined
          ? "an 'Authorization: Bearer' header is needed"
          : "the token is not the right one",
      ));
    }
    const decision = await decide(
      authorize,
      context,
      [namespace],
      "publish",
      this.#publishing,
    );
    if (decision.kind === "failed") throw unavailable(context, "authorize");
    if (decision.kind !== "granted") throw refusal(decision);
    if (!includes(decision.granted, namespace)) {
      throw refusal(
        forbidden(context, "publishing to this namespace is not granted"),
      );
    }
    const { user } = decision.granted;
    if (user !== "") return `user ${user}`;
    const authorization = context.req.header("authorization");
    return authorization && await digest(authorization);
  }

  async #read(context: Context): Promise<Uint8Array> {
    const { settings: { limits, clock }, report } = this.#publishing;
    const { raw } = context.req;
    if (raw.bodyUsed || raw.body?.locked) {
      report(
        new TypeError("Cannot publish as 'authorize' has read the body"),
      );
      throw unavailable(context, "authorize");
    }
    // To be asked before it is read here.
    const wasRead = isBodyRead(context.env);
    const length = raw.headers.get("content-length");
    const most = limits.messageBytes + MARGIN;
    const body = readBody(raw, most);
    let isLate = false;
    const timer = clock.setTimeout(() => {
      isLate = true;
      body.cancel();
    }, BODY_TIME);
    try {
      const bytes = await body.bytes;
      if (isLate) throw tooSlow(context);
      if (bytes === undefined) throw tooLarge(context, most);
      if (wasRead && bytes.length === 0 && length !== "0") {
        report(new TypeError(BODY_TAKEN));
        throw bodyTaken(context);
      }
      const isShort = length !== null && bytes.length !== Number(length);
      if (isShort || !isBodyComplete(context.env)) throw unreadable(context);
      return bytes;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw isLate ? tooSlow(context) : unreadable(context);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /**
   * Has what comes with the same key accepted once: by this server, and by all that
   * share an engine.
   */
  async #once(
    key: string,
    encoded: Encoded,
    accept: (shared?: string) => Promise<Position>,
  ): Promise<Position> {
    const { engine } = this.#publishing.settings;
    const print = await fingerprint(encoded);
    return await this.#keys.once(key, print, async () => {
      const memory = engine?.shared;
      if (memory === undefined) return await accept();
      const shared = await digest(key);
      const first = await memory.claim(`key:${shared}`, print, KEY_LIFETIME);
      if (first !== print) throw new KeyReusedError();
      return await accept(`${shared}:${print}`);
    });
  }

  /** Has it accepted, once for each key of a publisher. */
  async #accepted(
    context: Context,
    encoded: Encoded,
    key: string | undefined,
  ): Promise<Position> {
    const { broadcaster, hub, report } = this.#publishing;
    const accept = async (shared?: string) => {
      if (hub.relief() !== undefined) throw new SaturatedError();
      return await broadcaster.accept(encoded, shared);
    };
    try {
      return await inTime(
        key === undefined ? accept() : this.#once(key, encoded, accept),
      );
    } catch (error) {
      if (error instanceof KeyReusedError) {
        throw new Refusal(
          "keyReused",
          context.text(
            "422 this 'Idempotency-Key' was used for another message\n",
            422,
          ),
        );
      }
      if (!(error instanceof SaturatedError)) report(error);
      throw unavailable(context);
    }
  }
}

/** The publisher's key of a request; throws where it is none. */
function keyOf(
  { headers }: Request,
  publisher: string | undefined,
): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (key === "" || key.length > KEY_LENGTH) {
    throw new RangeError(
      `Cannot publish as 'Idempotency-Key' must have from 1 to ${KEY_LENGTH} characters: current value has ${key.length}`,
    );
  }
  if (publisher === undefined) {
    throw new TypeError(
      "Cannot publish with 'Idempotency-Key' as it is not known who publishes: send an 'Authorization' header, or have the server's 'authorize' name the user",
    );
  }
  return `${publisher}\n${key}`;
}

function includes(granted: Granted, namespace: string): boolean {
  if (granted === EVERYTHING) return true;
  return narrowed([namespace], granted).includes(namespace);
}

/** Tells messages apart. */
function fingerprint({ namespace, body }: Encoded): Promise<string> {
  // Each byte as a character of its own: bodies need not be text.
  const decoder = new TextDecoder("latin1");
  return digest(`${namespace}\n${decoder.decode(body)}`);
}
