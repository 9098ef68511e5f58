import type { DisconnectReason } from "../counters.ts";
import type { Engine } from "../engine.ts";
import { jwtAuthorizer } from "../http/jwt.ts";
import type { CORSOptions, SSEServerOptions } from "../server_options.ts";
import type { Connection } from "../reader.ts";
import { SSEServer } from "../server.ts";
import type { ServeHandle } from "../serving.ts";
import type { Arguments } from "./arguments.ts";

/** A hub as its command line describes it. */
export interface CommandLineHub {
  readonly sse: SSEServer;
  /** Listens, and logs that it does. */
  serve(): Promise<ServeHandle>;
}

/**
 * Makes the hub. Rejects with a TypeError or RangeError that names the option of
 * {@linkcode SSEServerOptions} that is not as it should be.
 *
 * @param write Takes a line for standard output.
 */
export async function hubOf(
  args: Arguments,
  write: (line: string) => void,
): Promise<CommandLineHub> {
  const { port, host, reusePort = false, drain, log } = args;
  const engine = await engineOf(args);
  const logJSON = (event: string, fields: Record<string, unknown>) =>
    write(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
  const isJSON = log === "json";
  const sse = new SSEServer({
    ...optionsOf(args),
    ...(engine === undefined ? {} : { engine }),
    ...(isJSON ? callbacks(logJSON) : {}),
  });
  return {
    sse,
    async serve() {
      const handle = await sse.serve({
        port,
        hostname: host,
        reusePort,
        drain,
        ...(isJSON ? { log: false } : {}),
      });
      if (isJSON) {
        logJSON("listening", {
          host,
          port: handle.port,
          ...(handle.adminUrl === undefined
            ? {}
            : { console: handle.adminUrl }),
        });
      }
      return handle;
    },
  };
}

function optionsOf(args: Arguments): SSEServerOptions {
  const { publishToken, adminKey, corsOrigin } = args;
  // Hubs that are one have to be able to bring each other's clients up to date.
  const { history = args.redis !== undefined } = args;
  const authorize = authorizerOf(args);
  const publish = {
    ...(publishToken === undefined ? {} : { token: publishToken }),
    ...(authorize === undefined ? {} : { authorize }),
  };
  return {
    history: typeof history === "number" ? { messages: history } : history,
    // A token says whether its owner may.
    ...(authorize === undefined ? {} : { authorize, rootSubscribe: true }),
    publish: Object.keys(publish).length > 0 ? publish : false,
    ...(corsOrigin === undefined ? {} : { cors: corsOf(corsOrigin) }),
    admin: args.admin && (adminKey === undefined ? {} : { key: adminKey }),
    trustProxy: args.trustProxy,
    limits: {
      connections: args.connections,
      ...(args.connectionsPerClient === undefined
        ? {}
        : { connectionsPerClient: args.connectionsPerClient }),
    },
  };
}

async function engineOf(
  { redis: url, redisPrefix: prefix }: Arguments,
): Promise<Engine | undefined> {
  if (url === undefined) {
    if (prefix !== undefined) {
      throw new TypeError("Cannot use '--redis-prefix' without '--redis'");
    }
    return undefined;
  }
  const { redis } = await import("../engines/redis.ts");
  return redis({ url, ...(prefix === undefined ? {} : { prefix }) });
}

function authorizerOf(
  { jwtSecret, jwtAudience, jwtIssuer }: Arguments,
): SSEServerOptions["authorize"] {
  if (jwtSecret === undefined) {
    if (jwtAudience !== undefined || jwtIssuer !== undefined) {
      throw new TypeError(
        "Cannot check '--jwt-audience' or '--jwt-issuer' without '--jwt-secret'",
      );
    }
    return undefined;
  }
  return jwtAuthorizer({
    secret: jwtSecret,
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
  });
}

/** Exact origins may send cookies, such as the one with a token. */
function corsOf(origins: readonly string[]): false | CORSOptions {
  if (origins.length === 1 && origins[0] === "none") return false;
  return { origin: origins, credentials: !origins.includes("*") };
}

function callbacks(
  log: (event: string, fields: Record<string, unknown>) => void,
): Pick<SSEServerOptions, "onConnect" | "onDisconnect" | "onError"> {
  return {
    onConnect: (connection) => log("connect", loggable(connection)),
    onDisconnect: (connection, reason: DisconnectReason) =>
      log("disconnect", { ...loggable(connection), reason }),
    onError: (error) =>
      log("error", {
        message: error instanceof Error ? error.message : String(error),
      }),
  };
}

function loggable(
  { id, namespaces, requestPath, clientIP, user }: Connection,
): Record<string, unknown> {
  return {
    id,
    path: requestPath,
    namespaces,
    client: clientIP,
    ...(user === "" ? {} : { user }),
  };
}
