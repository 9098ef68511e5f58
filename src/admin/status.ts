import {
  nodeName,
  residentBytes,
  runtimeName,
  runtimeVersion,
} from "../host.ts";
import type { EngineStatus } from "../engine.ts";
import type { Hub } from "../hub.ts";
import type { StreamState } from "../stream.ts";

/** An open stream: what the Go package reports of it, and more. */
export interface ConnectionStatus {
  /** Unique in this server, in the order of opening. */
  readonly id: number;
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
  /** Who it is, as `authorize` or a ticket said; `""` where neither did. */
  readonly user: string;
  /** Events handed to the connection. */
  readonly msgs_sent: number;
  /**
   * Bytes that it is behind; of one that catches up from the history, those of all
   * namespaces since its place.
   */
  readonly lag: number;
  /**
   * `live`: it has everything; `behind`: it has yet to take some; `stalled`: it has
   * not asked for what waits for it for 5 s.
   */
  readonly state: "live" | "behind" | "stalled";
}

/** What a server is doing: what the Go package reports, and more. */
export interface Status {
  /** The runtime, the environment, and the host's name, with dashes between them. */
  readonly node: string;
  /** `"OK"`, or `"closed"` from the call of close() on, also while streams drain. */
  readonly status: "OK" | "closed";
  /** When this was reported, in seconds since the Unix epoch. */
  readonly reported_at: number;
  /** When the server was first used, in seconds since the Unix epoch. */
  readonly startup_time: number;
  /** Events broadcast, whether or not anyone heard them. */
  readonly msgs_broadcast: number;
  /** `deno`, `bun`, `node`, `workerd` or `unknown`. */
  readonly runtime: string;
  /** The runtime's version. */
  readonly version: string;
  /** Events handed to connections. */
  readonly deliveries: number;
  /** Bytes of events handed to connections. */
  readonly bytes_sent: number;
  /** Bytes retained for connections that are behind. */
  readonly queue_bytes: number;
  /** Resident memory of the process in bytes; `null` where the runtime does not tell. */
  readonly memory_bytes: number | null;
  /** What orders and delivers the events; `null` where it does not tell. */
  readonly engine: EngineStatus | null;
  /** Streams open that `connections` is a part of, or all of. */
  readonly total_connections: number;
  /** The open streams, oldest first. */
  readonly connections: readonly ConnectionStatus[];
}

/** Milliseconds of waiting data from which on a stream is shown as stalled. */
const STALLED = 5_000;

/** Reports on a hub. Times are in milliseconds since the Unix epoch. */
export function statusOf(
  hub: Hub,
  { closed, startedAt, now, engine }: {
    readonly engine: EngineStatus | undefined;
    readonly closed: boolean;
    readonly startedAt: number;
    readonly now: number;
  },
  { rows, total }: {
    readonly rows: readonly ConnectionStatus[];
    readonly total: number;
  },
): Status {
  const { broadcasts, deliveries, bytes } = hub.counters;
  return {
    node: nodeName(),
    status: closed ? "closed" : "OK",
    reported_at: seconds(now),
    startup_time: seconds(startedAt),
    msgs_broadcast: broadcasts,
    runtime: runtimeName(),
    version: runtimeVersion(),
    deliveries,
    bytes_sent: bytes,
    queue_bytes: hub.retained.bytes,
    memory_bytes: residentBytes() ?? null,
    engine: engine ?? null,
    total_connections: total,
    connections: rows,
  };
}

/** Reports on a stream. */
export function connectionStatus(
  { connection, sent, lag, waiting }: StreamState,
): ConnectionStatus {
  return {
    id: connection.id,
    request_path: connection.requestPath,
    namespace: connection.namespaces.join(","),
    created_at: seconds(connection.createdAt),
    client_ip: connection.clientIP,
    user_agent: connection.userAgent,
    user: connection.user,
    msgs_sent: sent,
    lag,
    state: lag === 0 ? "live" : waiting < STALLED ? "behind" : "stalled",
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
