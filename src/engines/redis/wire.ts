import { Buffer } from "node:buffer";
import type { Bytes } from "../../slab.ts";

/** A place, its epoch as Redis has it: a time in milliseconds. */
export interface RedisPosition {
  readonly epoch: number;
  readonly seq: number;
}

/** An event as it comes from Redis. */
export interface RedisRecord extends RedisPosition {
  /** When Redis accepted it, in milliseconds by its own clock. */
  readonly time: number;
  readonly namespace: string;
  readonly body: Bytes;
}

/** Events in a row, as they were published. */
export interface RedisBatch {
  readonly epoch: number;
  /** Place of the first. There may be none: then this begins a new epoch. */
  readonly first: number;
  readonly records: readonly RedisRecord[];
  /** Of all of it. */
  readonly bytes: number;
}

/** An event to publish. */
export interface Outgoing {
  readonly namespace: string;
  readonly body: Bytes;
}

const LF = 10;

/** The last two arguments of the script that publishes. */
export function encodeBatch(
  events: readonly Outgoing[],
): { readonly sizes: string; readonly bytes: Buffer } {
  const sizes: number[] = [];
  let total = 0;
  for (const { namespace, body } of events) {
    const length = Buffer.byteLength(namespace);
    sizes.push(length, body.length);
    total += length + body.length;
  }
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const { namespace, body } of events) {
    at += bytes.write(namespace, at);
    bytes.set(body, at);
    at += body.length;
  }
  return { sizes: sizes.join(" "), bytes };
}

/** What that script publishes. */
export function decodeBatch(message: Buffer): RedisBatch {
  const head = message.indexOf(LF);
  const [epoch = NaN, first = NaN, time = NaN, ...sizes] = message
    .toString("latin1", 0, head).split(" ").map(Number);
  const records: RedisRecord[] = [];
  let at = head + 1;
  for (let i = 0; i + 1 < sizes.length; i += 2) {
    const middle = at + sizes[i]!;
    const end = middle + sizes[i + 1]!;
    records.push({
      epoch,
      seq: first + i / 2,
      time,
      namespace: message.toString("utf8", at, middle),
      body: bytesOf(message.subarray(middle, end)),
    });
    at = end;
  }
  return { epoch, first, records, bytes: message.length };
}

/** An entry of XRANGE's reply; its place alone where it is none of the scripts'. */
export function decodeEntry(entry: unknown): RedisRecord | RedisPosition {
  const [id, fields] = entry as [Buffer, Buffer[]];
  const position = parsePosition(id.toString(), "-");
  const [, time, , namespace, name, body] = fields;
  if (body === undefined || name?.toString() !== "b") return position;
  return {
    ...position,
    time: Number(time),
    namespace: `${namespace}`,
    body: bytesOf(body),
  };
}

/** Whether there is more than a place. */
export function isRecord(
  entry: RedisRecord | RedisPosition,
): entry is RedisRecord {
  return "body" in entry;
}

/** A place with something between its two numbers, as the scripts return it. */
export function parsePosition(text: string, separator = " "): RedisPosition {
  const [epoch, seq] = text.split(separator, 2).map(Number);
  return { epoch: epoch!, seq: seq! };
}

/** Whether the first place comes before the second. */
export function isBefore(a: RedisPosition, b: RedisPosition): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.seq < b.seq);
}

/** Not a Buffer: what has another class is no equal of what was published. */
function bytesOf({ buffer, byteOffset, length }: Buffer): Bytes {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}
