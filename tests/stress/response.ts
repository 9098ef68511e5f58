import type { Buffer } from "node:buffer";

/** Longer than any head of a response that is sent here. */
const LONGEST_HEAD = 16 * 1024;

const CR = 13;
const LF = 10;

/** Takes the head and the chunks' frames off a response (RFC 9112, 7.1), as it comes. */
export class ResponseBody {
  readonly #take: (bytes: Buffer) => void;
  #head: string | undefined = "";
  /** Bytes that the current chunk still has; -1: its size is being read. */
  #left = -1;
  #size = 0;
  #hasSize = false;
  /** The last chunk has come. */
  complete = false;

  constructor(take: (bytes: Buffer) => void) {
    this.#take = take;
  }

  /** Takes the next bytes from the socket. */
  feed(bytes: Buffer): void {
    let at = this.#head === undefined ? 0 : this.#takeHead(bytes);
    while (at < bytes.length && !this.complete) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#take(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        continue;
      }
      this.#takeFrame(bytes[at]!);
      at++;
    }
  }

  /** Returns where the body starts. */
  #takeHead(bytes: Buffer): number {
    const before = this.#head!.length;
    const head = this.#head + bytes.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) {
      if (head.length > LONGEST_HEAD) throw new Error("A head has no end");
      this.#head = head;
      return bytes.length;
    }
    this.#head = undefined;
    if (
      !head.startsWith("HTTP/1.1 200") ||
      !/\r\ntransfer-encoding: chunked\r\n/i.test(head.slice(0, end + 2))
    ) {
      throw new Error(`Not a stream: ${JSON.stringify(head.slice(0, end))}`);
    }
    return end + 4 - before;
  }

  /** A chunk's size in hexadecimal, CRLF, that many bytes, CRLF; the last is empty. */
  #takeFrame(byte: number): void {
    if (byte === CR) return;
    if (byte !== LF) {
      const digit = parseInt(String.fromCharCode(byte), 16);
      if (Number.isNaN(digit)) throw new Error(`Not a chunk's size: ${byte}`);
      this.#size = this.#size * 16 + digit;
      this.#hasSize = true;
      return;
    }
    // The line break after a chunk comes without a size.
    if (!this.#hasSize) return;
    if (this.#size === 0) this.complete = true;
    this.#left = this.#size;
    this.#size = 0;
    this.#hasSize = false;
  }
}
