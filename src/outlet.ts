import type { Bytes } from "./slab.ts";

/** What a stream's bytes may go to without it being read: the host's own response. */
export interface Outlet {
  /** Writes a chunk; asks the stream for more once that was passed on to the socket. */
  write(chunk: Bytes): void;
  /** Ends the response after what was written. */
  end(): void;
  /** Drops the response with what it has yet to write. */
  destroy(): void;
}

/** A stream that can do without being read. */
export interface Divertible {
  readonly stream: ReadableStream<Bytes>;
  /**
   * Writes to an outlet what would be read from the stream, of which nothing may
   * have been read. Returns false, and does nothing, where it has ended already.
   */
  divert(outlet: Outlet): boolean;
  /** To be called once a chunk was passed on: writes the next as soon as there is one. */
  pull(): void;
  /** To be called once the client has gone. */
  cancel(): void;
}

/** What a listener passes to fetch that can write to its responses itself. */
export interface DivertingInfo {
  /** Told of the stream that a request has opened. */
  opened(source: Divertible): void;
}

/** Tells the listener, where it wants to know, which stream a request has opened. */
export function offer(info: unknown, source: Divertible): void {
  if (isDiverting(info)) info.opened(source);
}

function isDiverting(info: unknown): info is DivertingInfo {
  return typeof info === "object" && info !== null && "opened" in info &&
    typeof info.opened === "function";
}
