import type { Bytes } from "./slab.ts";

/** Why a client may have missed something. */
export type GapReason =
  /** It was away for longer than the history reaches back. */
  | "trimmed"
  /** The server began anew: its order of events is another one. */
  | "epoch"
  /** Its id is none that this server can have given. */
  | "unknown"
  /** It read what it had missed more slowly than the history forgot it. */
  | "lagged";

/**
 * What the data of an `sse-gap` event holds as JSON: events after `from`, up to
 * and including `to`, may be missing; some of them may follow all the same.
 */
export interface Gap {
  /** The id up to which the client has everything. */
  readonly from: string;
  /** The id after which nothing is missing. */
  readonly to: string;
  /** Why. */
  readonly reason: GapReason;
}

const encoder = new TextEncoder();
const END = encoder.encode("event:sse-end\n");

/**
 * The event that a resumable stream opens with, `id` being where it goes on
 * from. It has data, as an event without is not dispatched (WHATWG HTML 9.2.6).
 */
export function openNotice(id: string, resumed: boolean): string {
  return `id:${id}\nevent:sse-open\ndata:{"resumed":${resumed}}\n\n`;
}

/** The event that tells of a gap; the stream goes on after `id`. */
export function gapNotice(id: string, { from, to, reason }: Gap): string {
  const data = JSON.stringify({ from, to, reason });
  return `id:${id}\nevent:sse-gap\ndata:${data}\n\n`;
}

/** The body of the event that is the last one of a namespace. */
export function encodeEnd(namespace: string): Bytes {
  return encoder.encode(
    `event:sse-end\ndata:${JSON.stringify({ namespace })}\n\n`,
  );
}

/**
 * Whether a body is one of {@linkcode encodeEnd}. No message can have that
 * name, and engines leave bodies as they are.
 */
export function isEnd(body: Bytes): boolean {
  // Most have no name, so that one byte tells.
  return body[0] === END[0] && END.every((byte, i) => body[i] === byte);
}
