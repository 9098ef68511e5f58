import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Streams that may wait on one connection; browsers ask for none in that way. */
const MOST = 16;

/** What ends the streams that wait, by their connection. */
const waiting: WeakMap<Socket, Set<() => void>> = new WeakMap();

/**
 * Calls `gone` when a connection goes on which a response waits for the one before it
 * (pipelining): Deno 2.9 does not tell the response.
 *
 * A connection on which too many wait is destroyed: a few could take up all streams
 * that there may be.
 */
export function endWithConnection(
  socket: Socket,
  outgoing: ServerResponse,
  gone: () => void,
): void {
  let ends = waiting.get(socket);
  if (ends === undefined) {
    const created: Set<() => void> = new Set();
    socket.once("close", () => created.forEach((end) => end()));
    waiting.set(socket, ends = created);
  }
  const { size } = ends.add(gone);
  outgoing.once("close", () => ends.delete(gone));
  if (size > MOST) socket.destroy();
}
