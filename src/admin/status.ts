import { nodeName } from "../host.ts";
import type { Hub } from "../hub.ts";

/** An open stream, as the Go package reports it. */
export interface ConnectionStatus {
  /** Path of the request, without its query. */
  readonly request_path: string;
  /** What it hears; several namespaces are separated by a comma. */
  readonly namespace: string;
  /** When it was opened, in seconds since the Unix epoch. */
  readonly created_at: number;
  /** Address of the client; `""` where the host does not tell. */
  readonly client_ip: string;
  /** The User-Agent header; `""` without one. */
  readonly user_agent: string;
  /** Events handed to the connection. */
  readonly msgs_sent: number;
}

/** What a server is doing, as the Go package reports it. */
export interface Status {
  /** `deno`, `bun` or `node`, the environment, and the host's name. */
  readonly node: string;
  /** `"OK"`, or `"closed"`. */
  readonly status: "OK" | "closed";
  /** When this was reported, in seconds since the Unix epoch. */
  readonly reported_at: number;
  /** When the server was first used, in seconds since the Unix epoch. */
  readonly startup_time: number;
  /** Events broadcast, whether or not anyone heard them. */
  readonly msgs_broadcast: number;
  /** The open streams, oldest first. */
  readonly connections: readonly ConnectionStatus[];
}

/** Reports on a hub. Times are in milliseconds since the Unix epoch. */
export function statusOf(
  hub: Hub,
  { closed, startedAt, now }: {
    closed: boolean;
    startedAt: number;
    now: number;
  },
): Status {
  return {
    node: nodeName(),
    status: closed ? "closed" : "OK",
    reported_at: seconds(now),
    startup_time: seconds(startedAt),
    msgs_broadcast: hub.broadcasts,
    connections: Array.from(hub.connections(), ({ connection, sent }) => ({
      request_path: connection.requestPath,
      namespace: connection.namespaces.join(","),
      created_at: seconds(connection.createdAt),
      client_ip: connection.clientIP,
      user_agent: connection.userAgent,
      msgs_sent: sent,
    })),
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
