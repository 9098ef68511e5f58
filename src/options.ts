import { type Clock, systemClock } from "./clock.ts";
import type { Engine } from "./engine.ts";
import type { DisconnectReason } from "./hub.ts";
import { quote } from "./quote.ts";
import type { Connection } from "./reader.ts";

/** What strangers can make the server hold at most. */
export interface SSEServerLimits {
  /**
   * Streams open at a time. One more is refused softly: 200 with a `retry:` of
   * about 30 s and end of stream, so that a browser's EventSource comes back.
   *
   * @default {50_000}
   */
  readonly connections?: number;
  /**
   * UTF-8 bytes of a namespace.
   *
   * @default {1_024}
   */
  readonly namespaceLength?: number;
  /**
   * Segments of a namespace.
   *
   * @default {32}
   */
  readonly namespaceDepth?: number;
  /**
   * Namespaces that one stream may ask for.
   *
   * @default {64}
   */
  readonly namespacesPerStream?: number;
  /**
   * UTF-8 bytes of a message's data.
   *
   * @default {1_048_576}
   */
  readonly messageBytes?: number;
  /**
   * Bytes held for readers that are behind, of all streams together. Over it,
   * those who are furthest behind where most is held are cut off.
   *
   * @default {268_435_456}
   */
  readonly bufferedBytes?: number;
}

/** Who may read streams from a page of another origin (Fetch, CORS protocol). */
export interface CORSOptions {
  /**
   * Origins that may: `"*"` for any, or exact ones such as
   * `"https://app.example.com"`.
   *
   * @default {"*"}
   */
  readonly origin?: string | readonly string[];
  /**
   * Whether they may send cookies. Needs exact origins.
   *
   * @default {false}
   */
  readonly credentials?: boolean;
  /** Seconds for which a browser may remember the answer to a preflight. */
  readonly maxAge?: number;
}

/** Options of an {@linkcode SSEServer}; every one may be left out. */
export interface SSEServerOptions {
  /**
   * Milliseconds between `:keepalive` comments on a silent stream; 0 turns them
   * off. A stream that was just written to skips one, so that it is silent for
   * one and a half times as long at most. From 10 to 3,600,000.
   *
   * @default {15_000}
   */
  readonly keepAlive?: number;
  /**
   * Bytes that a reader may fall behind the fastest one of its namespaces
   * before it is cut off. At least 1,024; less than 262,144 is for tests, as a
   * server at its limit serves each reader that many at a time.
   *
   * @default {16_777_216}
   */
  readonly maxLag?: number;
  /**
   * Milliseconds for which a reader may leave data waiting before it is cut
   * off. From 10 to 3,600,000.
   *
   * @default {30_000}
   */
  readonly stallTimeout?: number;
  /**
   * Milliseconds after which a client whose stream ended should come back,
   * sent as `retry:` in the first chunk (WHATWG HTML 9.2.6) and spread from half
   * to one and a half times as much, so that clients do not come back all at once.
   * `false` sends none. From 0 to 3,600,000.
   *
   * @default {2_000}
   */
  readonly retry?: number | false;
  /**
   * Whether a client may subscribe to `/`, which hears everything. Otherwise 403.
   *
   * @default {true}
   */
  readonly rootSubscribe?: boolean;
  /**
   * Who may read what is under `/admin/`: `true` everyone, `false` nobody. By
   * default only clients on this machine that come without a proxy.
   */
  readonly admin?: boolean;
  /**
   * Who may subscribe from a page of another origin; `false` for nobody.
   *
   * @default {{ origin: "*" }}
   */
  readonly cors?: false | CORSOptions;
  /** Bounds on what strangers can make the server hold. */
  readonly limits?: SSEServerLimits;
  /**
   * How many proxies stand in front, each of which appends to `X-Forwarded-For`;
   * `true` is one. The client's address is then the one that the outermost of
   * them saw (or `X-Real-IP` where that is all there is). By default both headers
   * are ignored, as anyone can send them.
   *
   * @default {false}
   */
  readonly trustProxy?: boolean | number;
  /** Orders and delivers the events. By default within this process. */
  readonly engine?: Engine;
  /** Called after a stream was opened. */
  readonly onConnect?: (connection: Connection) => unknown;
  /** Called after a stream has ended. */
  readonly onDisconnect?: (
    connection: Connection,
    reason: DisconnectReason,
  ) => unknown;
  /**
   * Called with what went wrong where nobody waits for it: what a callback threw
   * or rejected with, and why a broadcast was not accepted.
   *
   * @default {console.error}
   */
  readonly onError?: (error: unknown) => unknown;
  /** Time and timers, for tests. */
  readonly clock?: Clock;
}

type Filled<T> = { readonly [K in keyof T]-?: T[K] };

/** The options with every default filled in and every value checked. */
export interface Settings extends
  Filled<
    Pick<
      SSEServerOptions,
      | "keepAlive"
      | "maxLag"
      | "stallTimeout"
      | "retry"
      | "rootSubscribe"
      | "cors"
      | "clock"
      | "onError"
    >
  > {
  readonly admin: boolean | undefined;
  readonly limits: Filled<SSEServerLimits>;
  /** Trusted proxies in front. */
  readonly proxies: number;
  readonly engine: Engine | undefined;
  readonly onConnect: ((connection: Connection) => unknown) | undefined;
  readonly onDisconnect:
    | ((connection: Connection, reason: DisconnectReason) => unknown)
    | undefined;
}

/** Longest time that an option takes: an hour, in milliseconds. */
const HOUR = 3_600_000;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof SSEServerOptions>([
  "keepAlive",
  "maxLag",
  "stallTimeout",
  "retry",
  "rootSubscribe",
  "admin",
  "cors",
  "limits",
  "trustProxy",
  "engine",
  "onConnect",
  "onDisconnect",
  "onError",
  "clock",
]);

/** Fills in the defaults; throws a TypeError or RangeError that names the option. */
export function settingsOf(options: SSEServerOptions): Settings {
  for (const name of Object.keys(options)) {
    // A misspelt option would be ignored in silence.
    if (!OPTION_NAMES.has(name)) {
      throw new TypeError(
        `Cannot create an SSEServer as there is no option '${name}'`,
      );
    }
  }
  const {
    keepAlive = 15_000,
    maxLag = 16 * 1024 * 1024,
    stallTimeout = 30_000,
    retry = 2_000,
    rootSubscribe = true,
    admin,
    cors = {},
    limits = {},
    trustProxy = false,
    engine,
    onConnect,
    onDisconnect,
    onError = console.error,
    clock = systemClock,
  } = options;
  if (keepAlive !== 0) checkInteger("keepAlive", keepAlive, 10, HOUR);
  checkInteger("maxLag", maxLag, 1024);
  checkInteger("stallTimeout", stallTimeout, 10, HOUR);
  if (retry !== false) checkInteger("retry", retry, 0, HOUR);
  checkType("rootSubscribe", rootSubscribe, "boolean");
  checkType("admin", admin ?? false, "boolean");
  if (typeof trustProxy !== "boolean") {
    checkInteger("trustProxy", trustProxy, 0, 16);
  }
  checkType("onError", onError, "function");
  checkType("onConnect", onConnect ?? onError, "function");
  checkType("onDisconnect", onDisconnect ?? onError, "function");
  return {
    keepAlive,
    maxLag,
    stallTimeout,
    retry,
    rootSubscribe,
    admin,
    cors: checkCORS(cors),
    limits: limitsOf(limits),
    proxies: Number(trustProxy),
    engine,
    onConnect,
    onDisconnect,
    onError,
    clock,
  };
}

function limitsOf(limits: SSEServerLimits): Filled<SSEServerLimits> {
  const filled = {
    connections: 50_000,
    namespaceLength: 1024,
    namespaceDepth: 32,
    namespacesPerStream: 64,
    messageBytes: 1024 * 1024,
    bufferedBytes: 256 * 1024 * 1024,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(filled, name)) {
      throw new TypeError(
        `Cannot create an SSEServer as there is no option 'limits.${name}'`,
      );
    }
    if (value === undefined) continue;
    checkInteger(`limits.${name}`, value, 1);
    filled[name as keyof typeof filled] = value;
  }
  return filled;
}

function checkCORS(cors: false | CORSOptions): false | CORSOptions {
  if (cors === false) return cors;
  checkType("cors", cors, "object");
  const { origin = "*", credentials = false, maxAge = 0 } = cors;
  const origins = typeof origin === "string" ? [origin] : origin;
  for (const one of origins) {
    if (one !== "*" && !isOrigin(one)) {
      throw new TypeError(
        `Cannot create an SSEServer as 'cors.origin' must be "*" or an origin such as "https://example.com": current value is ${
          quote(one)
        }`,
      );
    }
  }
  checkType("cors.credentials", credentials, "boolean");
  if (credentials && origins.includes("*")) {
    throw new TypeError(
      `Cannot create an SSEServer as 'cors.credentials' needs explicit origins: current value of 'cors.origin' is ${
        quote("*")
      }`,
    );
  }
  checkInteger("cors.maxAge", maxAge, 0);
  return cors;
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}

function checkType(name: string, value: unknown, type: string): void {
  if (typeof value !== type || value === null) {
    throw new TypeError(
      `Cannot create an SSEServer as '${name}' must be a ${type}: current value is ${
        quote(value)
      }`,
    );
  }
}

function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  if (typeof value !== "number") checkType(name, value, "number");
  const number = value as number;
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new RangeError(
      `Cannot create an SSEServer as '${name}' must be an integer ${
        max === Number.MAX_SAFE_INTEGER
          ? `of at least ${min}`
          : `from ${min} to ${max}`
      }: current value is ${number}`,
    );
  }
}
