import { quote } from "./quote.ts";
import { type Bytes, SlabEncoder } from "./slab.ts";

/** One event for everyone who subscribed to its namespace or to one above it. */
export interface SSEMessage {
  /**
   * Where it goes, like a path: `/pets/dogs` reaches the subscribers of
   * `/pets/dogs`, `/pets` and `/`.
   */
  readonly namespace: string;
  /**
   * The event's name, for `addEventListener(name, …)` in the browser. Without
   * one (or with `""`) it arrives as `message`. At most 1,024 characters, no
   * control characters; names that start with `sse-` are the server's own.
   */
  readonly event?: string | undefined;
  /**
   * The payload. A string or a `Uint8Array` of UTF-8 goes out as it is, line by
   * line; anything else goes out as JSON. `undefined`, functions, symbols and
   * bigints are refused.
   */
  readonly data: unknown;
}

/** What is thrown where data is larger than allowed. */
export class MessageTooLargeError extends RangeError {
  override readonly name = "MessageTooLargeError";
}

/** Longest event name, in UTF-16 code units: it is repeated in every event. */
const EVENT_LENGTH = 1024;
/** Prefix of the events that the server itself sends. */
const RESERVED = "sse-";

const CR = 13;
const LF = 10;
const SPACE = 32;

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** A line break, and the space that the next line begins with. */
const LINE_START = /(?:\r\n?|\n)( ?)/g;

const encoder = new TextEncoder();
const slabs = new SlabEncoder();
const DATA_FIELD = encoder.encode("data:");

/**
 * Encodes name and data of a message as an event stream has them, without an
 * id (WHATWG HTML 9.2.5). The namespace is not part of it.
 *
 * Throws a `TypeError` or `RangeError` that names the field.
 */
export function encodeBody(message: SSEMessage, messageBytes: number): Bytes {
  const head = eventField(message.event);
  const { data } = message;
  if (data instanceof Uint8Array) return encodeBytes(head, data, messageBytes);
  return encodeText(head, dataText(data), messageBytes);
}

function eventField(event: unknown): string {
  if (event === undefined || event === "") return "";
  if (typeof event !== "string") {
    throw new TypeError(
      `Cannot broadcast as 'event' must be a string: current value is ${
        quote(event)
      }`,
    );
  }
  if (event.length > EVENT_LENGTH) {
    throw new RangeError(
      `Cannot broadcast as 'event' must not be longer than ${EVENT_LENGTH} characters: current value is ${
        quote(event)
      }`,
    );
  }
  if (CONTROL.test(event)) {
    throw new TypeError(
      `Cannot broadcast as 'event' must not contain a line break or another control character: current value is ${
        quote(event)
      }`,
    );
  }
  if (event.startsWith(RESERVED)) {
    throw new TypeError(
      `Cannot broadcast as 'event' must not start with "${RESERVED}", which is the server's own: current value is ${
        quote(event)
      }`,
    );
  }
  return `event:${guard(event)}\n`;
}

function dataText(data: unknown): string {
  if (typeof data === "string") return data;
  let text: string | undefined;
  let cause: unknown;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    // JSON would make "{}" of it, silently.
    cause = new TypeError("Binary data has to be a Uint8Array");
  } else {
    try {
      text = JSON.stringify(data);
    } catch (error) {
      cause = error;
    }
  }
  if (text === undefined) {
    throw new TypeError(
      `Cannot broadcast as 'data' must be a string, a Uint8Array or a value that JSON can hold: current value is ${
        quote(data)
      }`,
      cause === undefined ? undefined : { cause },
    );
  }
  return text;
}

/** A parser takes one space away after the colon, so what starts with one gets another. */
function guard(value: string): string {
  return value.charCodeAt(0) === SPACE ? " " + value : value;
}

function encodeText(head: string, text: string, messageBytes: number): Bytes {
  // A UTF-16 code unit takes one to three bytes, so most need no exact count.
  if (
    text.length > messageBytes ||
    (text.length > messageBytes / 3 &&
      encoder.encode(text).length > messageBytes)
  ) {
    throw tooLarge(messageBytes, `${text.length} characters`);
  }
  const isLine = !text.includes("\n") && !text.includes("\r");
  const lines = isLine ? text : text.replace(LINE_START, "\ndata:$1$1");
  return slabs.encode(`${head}data:`, guard(lines), "\n\n");
}

/**
 * As above without a detour over text: data that is UTF-8 already stays as it is.
 * The bytes CR and LF stand for nothing else there.
 */
function encodeBytes(
  head: string,
  data: Uint8Array,
  messageBytes: number,
): Bytes {
  const { length } = data;
  if (length > messageBytes) throw tooLarge(messageBytes, `${length} bytes`);
  const event = encoder.encode(head);
  let lines = 1;
  for (let i = 0; i < length; i++) {
    if (data[i] === LF || data[i] === CR) lines++;
  }
  // Every line may begin with a space; what turns out too much is not sent.
  const body = new Uint8Array(
    event.length + length + lines * (DATA_FIELD.length + 2) + 1,
  );
  body.set(event);
  let at = event.length;
  for (let i = 0, lineStart = true; i <= length; i++) {
    const byte = data[i];
    if (lineStart) {
      body.set(DATA_FIELD, at);
      at += DATA_FIELD.length;
      if (byte === SPACE) body[at++] = SPACE;
    }
    lineStart = byte === LF || byte === CR || byte === undefined;
    body[at++] = lineStart ? LF : byte!;
    if (byte === CR && data[i + 1] === LF) i++;
  }
  body[at++] = LF;
  return body.subarray(0, at);
}

function tooLarge(
  messageBytes: number,
  current: string,
): MessageTooLargeError {
  return new MessageTooLargeError(
    `Cannot broadcast as 'data' must not be larger than ${messageBytes} bytes (limits.messageBytes): current value has ${current}`,
  );
}
