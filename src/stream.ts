import type { HostSocket } from "./host_info.ts";
import type { Connection } from "./reader.ts";

/** A stream to open. */
export interface StreamRequest extends Omit<Connection, "id" | "createdAt"> {
  /** The host's idle time-out is too short for the usual keepalive. */
  readonly impatientHost: boolean;
  /** What the response is written to, where the host tells. */
  readonly socket: HostSocket | undefined;
  /** The id of the last event that the client got, as it says; `""` without one. */
  readonly lastEventId: string;
  /** Whether the last message of each namespace comes first. */
  readonly latest: boolean;
  /** When the stream ends, in milliseconds since the Unix epoch; `undefined`: never. */
  readonly expires: number | undefined;
  /** Whose `Hub.end(owner)` ends the stream; besides `end()`. */
  readonly owner: object | undefined;
}

/** An open stream. */
export interface StreamState {
  readonly connection: Connection;
  /** Events handed to it. */
  readonly sent: number;
  /** Bytes that it is behind; while it catches up, those of all namespaces. */
  readonly lag: number;
  /** For how long data has waited for it to ask for it, in milliseconds. */
  readonly waiting: number;
}
