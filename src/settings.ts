import { systemClock } from "./clock.ts";
import type { DisconnectReason } from "./counters.ts";
import type { Engine } from "./engine.ts";
import type { HistoryBounds } from "./history/bounds.ts";
import type { OptionCheck } from "./option_check.ts";
import type {
  HistoryOptions,
  SSEHubOptions,
  SSEServerLimits,
} from "./options.ts";
import type { Connection } from "./reader.ts";

/** The same object with nothing left out. */
export type Filled<T> = { readonly [K in keyof T]-?: T[K] };

/** The limits with every default filled in. */
export interface Limits
  extends Filled<Omit<SSEServerLimits, "connectionsPerClient">> {
  readonly connectionsPerClient: number | undefined;
}

/** The options of a hub with every default filled in and every value checked. */
export interface Settings extends
  Filled<
    Pick<
      SSEHubOptions,
      "keepAlive" | "maxLag" | "stallTimeout" | "retry" | "clock" | "onError"
    >
  > {
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

/** Most proxies that may stand in front. */
const MOST_PROXIES = 16;
/** With more, text that is all line breaks ends the process (V8: invalid size error). */
const MOST_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What a {@linkcode Settings} of a hub is made from. */
export const HUB_OPTION_NAMES: ReadonlySet<string> = new Set<
  keyof SSEHubOptions
>([
  "history",
  "maxAge",
  "keepAlive",
  "maxLag",
  "stallTimeout",
  "retry",
  "limits",
  "trustProxy",
  "engine",
  "onConnect",
  "onDisconnect",
  "onError",
  "clock",
]);

/** How far back a history reaches by default. */
export const DEFAULT_HISTORY: HistoryBounds = {
  messages: 10_000,
  bytes: 16 * 1024 * 1024,
  age: 300_000,
};

const HISTORY_NAMES: ReadonlySet<string> = new Set(
  Object.keys(DEFAULT_HISTORY),
);

const DEFAULT_LIMITS: Limits = {
  connections: 50_000,
  connectionsPerClient: undefined,
  namespaceLength: 1024,
  namespaceDepth: 32,
  namespacesPerStream: 64,
  messageBytes: 1024 * 1024,
  bufferedBytes: 256 * 1024 * 1024,
};

const LIMIT_NAMES: ReadonlySet<string> = new Set(Object.keys(DEFAULT_LIMITS));

/**
 * Fills in the defaults; throws a TypeError or RangeError that names the option. The
 * names are to be checked by the caller, who may have more of them.
 */
export function settingsOf(
  options: SSEHubOptions,
  check: OptionCheck,
): Settings {
  const {
    engine,
    history = engine?.shared !== undefined,
    maxAge,
    keepAlive = 15_000,
    maxLag = 16 * 1024 * 1024,
    stallTimeout = 30_000,
    retry = 2_000,
    limits = {},
    trustProxy = false,
    onConnect,
    onDisconnect,
    onError = console.error,
    clock = systemClock,
  } = options;
  if (history === false && engine?.shared !== undefined) {
    check.clash(
      "'history' must not be false with an engine that connects several servers",
    );
  }
  if (maxAge !== undefined) check.integer("maxAge", maxAge, 1_000);
  if (keepAlive !== 0) check.integer("keepAlive", keepAlive, 10, HOUR);
  check.integer("maxLag", maxLag, 1024);
  check.integer("stallTimeout", stallTimeout, 10, HOUR);
  if (retry !== false) check.integer("retry", retry, 0, HOUR);
  if (typeof trustProxy !== "boolean") {
    check.integer("trustProxy", trustProxy, 0, MOST_PROXIES);
  }
  if (engine !== undefined) {
    checkMethods("engine", engine, ["start", "publish", "close"], check);
  }
  checkMethods("clock", clock, ["now", "setTimeout", "clearTimeout"], check);
  check.type("onError", onError, "function");
  check.callback("onConnect", onConnect);
  check.callback("onDisconnect", onDisconnect);
  return {
    history: historyOf(history, check),
    maxAge,
    keepAlive,
    maxLag,
    stallTimeout,
    retry,
    limits: limitsOf(limits, check),
    proxies: Number(trustProxy),
    engine,
    onConnect,
    onDisconnect,
    onError,
    clock,
  };
}

function checkMethods<T extends object>(
  name: string,
  value: T,
  methods: readonly (keyof T & string)[],
  check: OptionCheck,
): void {
  check.type(name, value, "object");
  for (const method of methods) {
    check.type(`${name}.${method}`, value[method], "function");
  }
}

function historyOf(
  history: boolean | HistoryOptions,
  check: OptionCheck,
): HistoryBounds | false {
  if (typeof history === "boolean") return history && DEFAULT_HISTORY;
  check.type("history", history, "object");
  check.names(history, HISTORY_NAMES, "history.");
  const {
    messages = DEFAULT_HISTORY.messages,
    bytes = DEFAULT_HISTORY.bytes,
    age = DEFAULT_HISTORY.age,
  } = history;
  check.integer("history.messages", messages, 1);
  check.integer("history.bytes", bytes, 1);
  check.integer("history.age", age, 1);
  return { messages, bytes, age };
}

function limitsOf(limits: SSEServerLimits, check: OptionCheck): Limits {
  check.type("limits", limits, "object");
  check.names(limits, LIMIT_NAMES, "limits.");
  const filled: { -readonly [K in keyof Limits]: Limits[K] } = {
    ...DEFAULT_LIMITS,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    const most = name === "messageBytes" ? MOST_MESSAGE_BYTES : undefined;
    check.integer(`limits.${name}`, value, 1, most);
    filled[name as keyof Limits] = value;
  }
  return filled;
}
