import { turn } from "./deadline.ts";

/** How a connection has ended: by the server, by the client, or because it failed. */
export type Ending = "server" | "client" | "error";

/** After so many chunks at a stretch the event loop gets a turn, timers included. */
const STRETCH = 100;

/** A response whose body is read as it comes, like that of a client that keeps up. */
export class Reading {
  readonly response: Response;
  /** All of the body that has come so far. */
  text = "";
  /** How it has ended; `undefined` as long as it has not. */
  ending: Ending | undefined;
  /** What it has failed with. */
  error: unknown;
  /** Resolves once it has ended, in whichever way. */
  readonly finished: Promise<Reading>;

  readonly #body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #maxBytes: number;
  readonly #take: (text: string) => void;

  /** @param take Gets the body piece by piece. */
  constructor(
    response: Response,
    maxBytes: number,
    take: (text: string) => void,
  ) {
    this.response = response;
    this.#maxBytes = maxBytes;
    this.#take = take;
    this.#body = response.body?.getReader();
    this.finished = this.#read();
  }

  /** The client goes: the stream's `cancel()` is called and waited for. */
  async leave(): Promise<void> {
    if (this.ending !== undefined) return;
    this.ending = "client";
    await this.#body?.cancel();
  }

  async #read(): Promise<Reading> {
    try {
      await this.#readBody();
      this.ending ??= "server";
    } catch (error) {
      if (this.ending === undefined) {
        this.ending = "error";
        this.error = error;
        // What it has failed with is all there is to tell.
        this.#body?.cancel(error).catch(() => {});
      }
    }
    return this;
  }

  async #readBody(): Promise<void> {
    // Deno 2.9 would take a BOM away at the beginning of every chunk, where only
    // the one at the very start of a stream does not count.
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let bytes = 0;
    for (let chunks = 1; this.#body !== undefined; chunks++) {
      const { done, value } = await this.#body.read();
      if (done || this.ending !== undefined) break;
      bytes += value.byteLength;
      if (bytes > this.#maxBytes) {
        throw new RangeError(
          `Cannot read more as the stream must not exceed ${this.#maxBytes} bytes ('maxBytes')`,
        );
      }
      this.#add(decoder.decode(value, { stream: true }));
      if (chunks % STRETCH === 0) await turn();
    }
    this.#add(decoder.decode());
  }

  #add(text: string): void {
    this.text += text;
    this.#take(text);
  }
}
