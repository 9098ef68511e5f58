import { Buffer } from "node:buffer";
import type { Bytes } from "../slab.ts";

const CR = 13;
const LF = 10;

/**
 * Puts bytes into the frame of HTTP's chunked coding (RFC 9112 7.1), once for all
 * who are sent the same ones after each other.
 */
export class ChunkFramer {
  #chunk: Bytes | undefined;
  #framed: Buffer = Buffer.alloc(0);

  /** What goes over the wire for a chunk, which must not be empty: that would be the last. */
  frame(chunk: Bytes): Buffer {
    if (chunk === this.#chunk) return this.#framed;
    const size = chunk.length.toString(16);
    const framed = Buffer.allocUnsafe(size.length + chunk.length + 4);
    let at = 0;
    while (at < size.length) framed[at] = size.charCodeAt(at++);
    framed[at++] = CR;
    framed[at++] = LF;
    framed.set(chunk, at);
    at += chunk.length;
    framed[at++] = CR;
    framed[at] = LF;
    this.#chunk = chunk;
    return this.#framed = framed;
  }
}
