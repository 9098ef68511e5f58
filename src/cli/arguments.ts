export { CommanderError } from "commander";
import { Command, InvalidArgumentError, Option } from "commander";
import { VERSION } from "./version.ts";

/** What the hub was told on its command line, or by its environment. */
export interface Arguments {
  readonly port: number;
  readonly host: string;
  /** How many messages; `true` for the default, `undefined` for no history. */
  readonly history?: number | boolean;
  /** URL of the Redis that connects several hubs. */
  readonly redis?: string;
  readonly redisPrefix?: string;
  /** Whether other hubs may listen on the same port. */
  readonly reusePort?: boolean;
  readonly publishToken?: string;
  readonly jwtSecret?: string;
  readonly jwtAudience?: string;
  readonly jwtIssuer?: string;
  readonly corsOrigin?: readonly string[];
  readonly adminKey?: string;
  /** False with `--no-admin`. */
  readonly admin: boolean;
  readonly trustProxy: number;
  readonly connections: number;
  readonly connectionsPerClient?: number;
  /** Milliseconds. */
  readonly drain: number;
  readonly log: "text" | "json";
}

const EXAMPLES = `
Every option can also be set by the environment variable that is named with it; an
option on the command line wins. Secrets belong there: everyone on a machine can
see the command lines of its programs.

Examples:
  sseserver --history
      A hub that everyone may subscribe to and nobody publishes to.

  SSE_PUBLISH_TOKEN=0123456789abcdef sseserver --history
  curl -H 'Authorization: Bearer 0123456789abcdef' \\
       -H 'Content-Type: text/plain' -d 'hello' localhost:8001/publish/news
  curl -N localhost:8001/subscribe/news

  SSE_JWT_SECRET=… sseserver --cors-origin https://app.example.com
      Tokens (HS256) decide who may hear and publish what, by the claims
      "subscribe" and "publish": {"sub":"42","exp":…,"subscribe":["/users/42"]}

  SSE_REDIS=redis://:password@redis.example:6379 sseserver
      One of any number of hubs, on any number of machines, that are one.
`;

/**
 * Reads the command line, and the environment where that is silent. Throws a
 * CommanderError, after it has told on standard error what is wrong, or on standard
 * output what was asked for (exit code 0).
 */
export function parseArguments(args: readonly string[]): Arguments {
  const program = new Command("sseserver")
    .description(
      "A Server-Sent Events hub: clients subscribe to GET /subscribe/<namespace>,\nprograms publish by POST /publish/<namespace>, and /admin/ shows what goes on.",
    )
    .version(VERSION, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this")
    .addOption(
      new Option("-p, --port <port>", "port to listen on, 0 for any free one")
        .env("SSE_PORT").default(8001).argParser(integer(0, 65_535)),
    )
    .addOption(
      new Option("--host <address>", "name or address to listen on")
        .env("SSE_HOST").default("0.0.0.0"),
    )
    .addOption(
      new Option(
        "--reuse-port [boolean]",
        "other hubs may listen on the same port, one a core; Linux spreads connections over them",
      ).env("SSE_REUSE_PORT").argParser(boolean),
    )
    .addOption(
      new Option(
        "--history [messages]",
        "remember messages (10000 unless told), so that clients which come back get what they missed",
      ).env("SSE_HISTORY").argParser(history),
    )
    .addOption(
      new Option(
        "--redis <url>",
        "Redis that makes several hubs one: redis:// or rediss:// (TLS); implies --history; a URL with a password belongs into the environment",
      ).env("SSE_REDIS"),
    )
    .addOption(
      new Option(
        "--redis-prefix <prefix>",
        "what its keys begin with (default: sse); hubs with the same one belong together",
      ).env("SSE_REDIS_PREFIX"),
    )
    .addOption(
      new Option(
        "--publish-token <token>",
        "who sends it in an 'Authorization: Bearer' header may publish; at least 16 characters",
      ).env("SSE_PUBLISH_TOKEN"),
    )
    .addOption(
      new Option(
        "--jwt-secret <secret>",
        "only who has a token signed with it (HS256) may subscribe, and publish; at least 32 bytes",
      ).env("SSE_JWT_SECRET"),
    )
    .addOption(
      new Option("--jwt-audience <name>", "'aud' that these tokens must have")
        .env("SSE_JWT_AUDIENCE"),
    )
    .addOption(
      new Option("--jwt-issuer <name>", "'iss' that these tokens must have")
        .env("SSE_JWT_ISSUER"),
    )
    .addOption(
      new Option(
        "--cors-origin <origins>",
        "origins whose pages may subscribe, with a comma between them, or 'none' (default: any; none with --jwt-secret)",
      ).env("SSE_CORS_ORIGIN").argParser((text) =>
        text.split(",").map((origin) => origin.trim())
      ),
    )
    .addOption(
      new Option(
        "--admin-key <key>",
        "opens the console from anywhere; at least 16 characters (default: a new one, which is printed)",
      ).env("SSE_ADMIN_KEY"),
    )
    .addOption(new Option("--no-admin", "no console"))
    .addOption(
      new Option(
        "--trust-proxy <count>",
        "proxies in front, whose X-Forwarded-For is believed",
      ).env("SSE_TRUST_PROXY").default(0).argParser(integer(0, 16)),
    )
    .addOption(
      new Option("--connections <count>", "streams at a time")
        .env("SSE_CONNECTIONS").default(50_000).argParser(integer(1)),
    )
    .addOption(
      new Option(
        "--connections-per-client <count>",
        "streams at a time of one address (default: any)",
      ).env("SSE_CONNECTIONS_PER_CLIENT").argParser(integer(1)),
    )
    .addOption(
      new Option(
        "--drain <milliseconds>",
        "time over which streams end on SIGTERM, so that clients do not come back all at once",
      ).env("SSE_DRAIN").default(5_000).argParser(integer(0, 3_600_000)),
    )
    .addOption(
      new Option("--log <format>", "how to log to standard output")
        .env("SSE_LOG").default("text").choices(["text", "json"]),
    )
    .addHelpText("before", `sseserver ${VERSION}\n`)
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("Run it with --help to see what there is.")
    .allowExcessArguments(false)
    .exitOverride()
    .parse(args, { from: "user" });
  return program.opts<Arguments>();
}

function integer(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `It must be an integer of at least ${min}.`
          : `It must be an integer from ${min} to ${max}.`,
      );
    }
    return value;
  };
}

function history(text: string): number | boolean {
  return /^(true|false|)$/.test(text) ? boolean(text) : integer(1)(text);
}

function boolean(text: string): boolean {
  if (text !== "true" && text !== "false" && text !== "") {
    throw new InvalidArgumentError("It must be true or false.");
  }
  return text !== "false";
}
