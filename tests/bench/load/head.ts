/** Longer than any head of a response that is sent here. */
const LONGEST_HEAD = 16 * 1024;

const END = "\r\n\r\n";

/** Collects the head of a response, wherever it is cut. */
export class ResponseHead {
  /** Of the response; 0 before its head is complete. */
  status = 0;
  /** Whether the body is in chunks. */
  chunked = false;

  #text = "";

  /** Takes the next bytes, from 0 to `end`; returns where the body starts, else -1. */
  feed(bytes: Uint8Array, end: number): number {
    const before = this.#text.length;
    const most = Math.min(end, LONGEST_HEAD - before);
    this.#text += String.fromCharCode(...bytes.subarray(0, most));
    const at = this.#text.indexOf(END);
    if (at === -1) {
      if (this.#text.length < LONGEST_HEAD) return -1;
      throw new SyntaxError(
        `A response head has no end: current value is ${
          JSON.stringify(this.#text.slice(0, 80))
        }`,
      );
    }
    const head = this.#text.slice(0, at + 2);
    this.status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    this.chunked = /\r\ntransfer-encoding:[ \t]*chunked\r\n/i.test(head);
    return at + END.length - before;
  }
}
