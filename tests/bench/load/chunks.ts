/** Who takes the bytes of a body, from `start` up to `end`, as they come. */
export interface Body {
  feed(bytes: Uint8Array, start: number, end: number): void;
}

const SIZE = 0;
/** An extension of a chunk, which nobody has to know. */
const EXTENSION = 1;
const DATA = 2;
const DATA_END = 3;
/** After the last chunk: lines of trailers, then an empty one. */
const TRAILER_START = 4;
const TRAILER = 5;
const COMPLETE = 6;

const LF = 10;
const CR = 13;
const SPACE = 32;
const SEMICOLON = 59;

/** Takes the frames of the chunks off a body (RFC 9112, 7.1), and passes on the rest. */
export class ChunkedBody implements Body {
  readonly #body: Body;
  #state = SIZE;
  /** Bytes that the current chunk still has, or its size as far as it is known. */
  #left = 0;

  constructor(body: Body) {
    this.#body = body;
  }

  /** Whether the last chunk has come, and all that follows it. */
  get isComplete(): boolean {
    return this.#state === COMPLETE;
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#state !== DATA) {
        this.#frame(bytes[at++]!);
        continue;
      }
      const to = Math.min(end, at + this.#left);
      this.#body.feed(bytes, at, to);
      this.#left -= to - at;
      at = to;
      if (this.#left === 0) this.#state = DATA_END;
    }
  }

  #frame(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#size(byte);
        break;
      case EXTENSION:
        if (byte === LF) this.#sized();
        break;
      case DATA_END:
        if (byte === LF) this.#state = SIZE;
        break;
      case TRAILER_START:
        if (byte === LF) this.#state = COMPLETE;
        else if (byte !== CR) this.#state = TRAILER;
        break;
      case TRAILER:
        if (byte === LF) this.#state = TRAILER_START;
    }
  }

  #size(byte: number): void {
    if (byte === LF) this.#sized();
    else if (byte === SEMICOLON) this.#state = EXTENSION;
    else if (byte !== CR && byte !== SPACE) {
      this.#left = this.#left * 16 + hexadecimal(byte);
    }
  }

  #sized(): void {
    this.#state = this.#left === 0 ? TRAILER_START : DATA;
  }
}

function hexadecimal(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  if (letter >= 97 && letter <= 102) return letter - 87;
  throw new SyntaxError(
    `A chunk's size has no digit: current value is ${byte}`,
  );
}
