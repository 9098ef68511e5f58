import { systemClock } from "./clock.ts";
import type { Engine } from "./engine.ts";
import type { DisconnectReason } from "./counters.ts";
import type { HistoryBounds } from "./history/bounds.ts";
import type {
  AdminOptions,
  Authorize,
  CORSOptions,
  HistoryOptions,
  PublishOptions,
  SSEServerLimits,
  SSEServerOptions,
} from "./options.ts";
import { quote } from "./quote.ts";
import type { Connection } from "./reader.ts";

type Filled<T> = { readonly [K in keyof T]-?: T[K] };

/** The limits with every default filled in. */
export interface Limits
  extends Filled<Omit<SSEServerLimits, "connectionsPerClient">> {
  readonly connectionsPerClient: number | undefined;
}

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
  readonly admin: boolean | AdminOptions;
  readonly authorize: Authorize | undefined;
  readonly publish: false | PublishOptions;
  readonly history: HistoryBounds | false;
  readonly maxAge: number | undefined;
  readonly limits: Limits;
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

/** Shortest key or token, in characters: anyone may guess at it. */
const SECRET_LENGTH = 16;

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof SSEServerOptions>([
  "history",
  "maxAge",
  "keepAlive",
  "maxLag",
  "stallTimeout",
  "retry",
  "rootSubscribe",
  "authorize",
  "publish",
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
    engine,
    history = engine?.shared !== undefined,
    maxAge,
    keepAlive = 15_000,
    maxLag = 16 * 1024 * 1024,
    stallTimeout = 30_000,
    retry = 2_000,
    authorize,
    rootSubscribe = authorize === undefined,
    publish = false,
    admin = {},
    cors = authorize === undefined ? {} : false,
    limits = {},
    trustProxy = false,
    onConnect,
    onDisconnect,
    onError = console.error,
    clock = systemClock,
  } = options;
  if (history === false && engine?.shared !== undefined) {
    throw new TypeError(
      "Cannot create an SSEServer as 'history' must not be false with an engine that connects several servers",
    );
  }
  if (maxAge !== undefined) checkInteger("maxAge", maxAge, 1_000);
  if (keepAlive !== 0) checkInteger("keepAlive", keepAlive, 10, HOUR);
  checkInteger("maxLag", maxLag, 1024);
  checkInteger("stallTimeout", stallTimeout, 10, HOUR);
  if (retry !== false) checkInteger("retry", retry, 0, HOUR);
  checkType("rootSubscribe", rootSubscribe, "boolean");
  checkType("authorize", authorize ?? checkType, "function");
  if (publish !== false) checkPublish(publish);
  if (typeof admin !== "boolean") checkAdmin(admin);
  if (typeof trustProxy !== "boolean") {
    checkInteger("trustProxy", trustProxy, 0, 16);
  }
  checkType("onError", onError, "function");
  checkType("onConnect", onConnect ?? onError, "function");
  checkType("onDisconnect", onDisconnect ?? onError, "function");
  return {
    history: historyOf(history),
    maxAge,
    keepAlive,
    maxLag,
    stallTimeout,
    retry,
    rootSubscribe,
    authorize,
    publish,
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

/** The bounds of a history; throws a TypeError or RangeError that names the option. */
export function historyOf(history: true | HistoryOptions): HistoryBounds;
export function historyOf(
  history: boolean | HistoryOptions,
): HistoryBounds | false;
export function historyOf(
  history: boolean | HistoryOptions,
): HistoryBounds | false {
  if (history === false) return false;
  if (history !== true) checkType("history", history, "object");
  const {
    messages = 10_000,
    bytes = 16 * 1024 * 1024,
    age = 300_000,
    ...unknown
  } = history === true ? {} : history;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(
      `Cannot create an SSEServer as there is no option 'history.${name}'`,
    );
  }
  checkInteger("history.messages", messages, 1);
  checkInteger("history.bytes", bytes, 1);
  checkInteger("history.age", age, 1);
  return { messages, bytes, age };
}

function limitsOf(limits: SSEServerLimits): Limits {
  const filled: { -readonly [K in keyof Limits]: Limits[K] } = {
    connections: 50_000,
    connectionsPerClient: undefined,
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

function checkAdmin(admin: AdminOptions): void {
  checkType("admin", admin, "object");
  const { key, authorize } = admin;
  checkType("admin.authorize", authorize ?? checkType, "function");
  if (key !== undefined) checkSecret("admin.key", key);
}

function checkPublish(publish: PublishOptions): void {
  checkType("publish", publish, "object");
  const { token, authorize, ...unknown } = publish;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(
      `Cannot create an SSEServer as there is no option 'publish.${name}'`,
    );
  }
  if (token === undefined && authorize === undefined) {
    throw new TypeError(
      "Cannot create an SSEServer as 'publish' needs 'token' or 'authorize'",
    );
  }
  checkType("publish.authorize", authorize ?? checkType, "function");
  if (token !== undefined) checkSecret("publish.token", token);
}

function checkSecret(name: string, secret: string): void {
  checkType(name, secret, "string");
  // The value is not shown: it may be a real one that is cut short.
  if (secret.length < SECRET_LENGTH) {
    throw new RangeError(
      `Cannot create an SSEServer as '${name}' must have at least ${SECRET_LENGTH} characters: current value has ${secret.length}`,
    );
  }
}

function checkCORS(cors: false | CORSOptions): false | CORSOptions {
  if (cors === false) return cors;
  checkType("cors", cors, "object");
  const { origin = "*", credentials = false, maxAge = 0, ...unknown } = cors;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(
      `Cannot create an SSEServer as there is no option 'cors.${name}'`,
    );
  }
  const origins = typeof origin === "string" ? [origin] : origin;
  if (!Array.isArray(origins)) checkType("cors.origin", origin, "string");
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
