import { OptionCheck } from "./option_check.ts";
import type {
  AdminOptions,
  Authorize,
  CORSOptions,
  PublishOptions,
  SSEServerOptions,
} from "./server_options.ts";
import { quote } from "./quote.ts";
import { HUB_OPTION_NAMES, type Settings, settingsOf } from "./settings.ts";

/** The options of a server with every default filled in and every value checked. */
export interface ServerSettings extends Settings {
  readonly rootSubscribe: boolean;
  readonly cors: false | CORSOptions;
  readonly admin: boolean | AdminOptions;
  readonly authorize: Authorize | undefined;
  readonly publish: false | PublishOptions;
}

/** Shortest key or token, in characters: anyone may guess at it. */
const SECRET_LENGTH = 16;

const OPTION_NAMES: ReadonlySet<string> = new Set<string>([
  ...HUB_OPTION_NAMES,
  ...([
    "rootSubscribe",
    "authorize",
    "publish",
    "admin",
    "cors",
  ] satisfies (keyof SSEServerOptions)[]),
]);

const ADMIN_NAMES: ReadonlySet<string> = new Set<keyof AdminOptions>([
  "key",
  "authorize",
]);

const PUBLISH_NAMES: ReadonlySet<string> = new Set<keyof PublishOptions>([
  "token",
  "authorize",
]);

const CORS_NAMES: ReadonlySet<string> = new Set<keyof CORSOptions>([
  "origin",
  "credentials",
  "maxAge",
]);

const check = new OptionCheck("Cannot create an SSEServer");

/** Fills in the defaults; throws a TypeError or RangeError that names the option. */
export function serverSettingsOf(options: SSEServerOptions): ServerSettings {
  check.names(options, OPTION_NAMES);
  const {
    authorize,
    rootSubscribe = authorize === undefined,
    publish = false,
    admin = {},
    cors = authorize === undefined ? {} : false,
  } = options;
  check.type("rootSubscribe", rootSubscribe, "boolean");
  check.callback("authorize", authorize);
  if (publish !== false) checkPublish(publish);
  if (typeof admin !== "boolean") checkAdmin(admin);
  if (cors !== false) checkCORS(cors);
  const settings = settingsOf(options, check);
  return { ...settings, rootSubscribe, authorize, publish, admin, cors };
}

function checkAdmin(admin: AdminOptions): void {
  check.type("admin", admin, "object");
  check.names(admin, ADMIN_NAMES, "admin.");
  const { key, authorize } = admin;
  check.callback("admin.authorize", authorize);
  if (key !== undefined) check.secret("admin.key", key, SECRET_LENGTH);
}

function checkPublish(publish: PublishOptions): void {
  check.type("publish", publish, "object");
  check.names(publish, PUBLISH_NAMES, "publish.");
  const { token, authorize } = publish;
  if (token === undefined && authorize === undefined) {
    check.clash("'publish' needs 'token' or 'authorize'");
  }
  check.callback("publish.authorize", authorize);
  if (token !== undefined) check.secret("publish.token", token, SECRET_LENGTH);
}

function checkCORS(cors: CORSOptions): void {
  check.type("cors", cors, "object");
  check.names(cors, CORS_NAMES, "cors.");
  const { origin = "*", credentials = false, maxAge = 0 } = cors;
  const origins = typeof origin === "string" ? [origin] : origin;
  if (!Array.isArray(origins)) check.type("cors.origin", origin, "string");
  for (const one of origins) {
    if (one !== "*" && !isOrigin(one)) {
      check.fail(
        TypeError,
        "cors.origin",
        'must be "*" or an origin such as "https://example.com"',
        quote(one),
      );
    }
  }
  check.type("cors.credentials", credentials, "boolean");
  if (credentials && origins.includes("*")) {
    check.clash(
      `'cors.credentials' needs explicit origins: current value of 'cors.origin' is ${
        quote("*")
      }`,
    );
  }
  check.integer("cors.maxAge", maxAge, 0);
}

function isOrigin(text: string): boolean {
  try {
    // A URL may have a "*", which would stand for nothing but itself.
    return new URL(text).origin === text && !text.includes("*");
  } catch {
    return false;
  }
}
