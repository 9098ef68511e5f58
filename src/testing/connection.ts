import { turn } from "./deadline.ts";
import { EventStreamParser, type EventStreamSink } from "./parser.ts";

/** How a connection has ended: by the server, by the client, or because it failed. */
export type Ending = "server" | "client" | "error";

/** What a connection needs besides its response. */
export interface ConnectionOptions {
  /** The last event id of the connections before it. */
  readonly lastEventId: string;
  /** More of the body is an error. */
  readonly maxBytes: number;
  /** Gets what is made of the body, if it is an event stream. */
  readonly sink: EventStreamSink;
}

/** After so many chunks at a stretch the event loop gets a turn, timers included. */
const STRETCH = 100;

/** A response that is read and interpreted as it comes, like one of a client that keeps up. */
export class Connection {
  readonly response: Response;
  /** Whether it is what EventSource takes for a stream (WHATWG HTML 9.2.3). */
  readonly isStream: boolean;
  /** All of the body that has come so far. */
  text = "";
  /** How it has ended; `undefined` as long as it has not. */
  ending: Ending | undefined;
  /** What it has failed with. */
  error: unknown;
  /** Resolves with how it has ended. */
  readonly finished: Promise<Ending>;

  readonly #parser: EventStreamParser;
  readonly #body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #maxBytes: number;

  constructor(
    response: Response,
    { lastEventId, maxBytes, sink }: ConnectionOptions,
  ) {
    this.response = response;
    this.isStream = isEventStream(response);
    this.#parser = new EventStreamParser(sink, lastEventId);
    this.#maxBytes = maxBytes;
    this.#body = response.body?.getReader();
    this.finished = this.#read();
  }

  /** The last event id, that of the connections before it included. */
  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  /** The client goes: the stream's `cancel()` is called and waited for. */
  async leave(): Promise<void> {
    if (this.ending !== undefined) return;
    this.ending = "client";
    await this.#body?.cancel();
  }

  async #read(): Promise<Ending> {
    try {
      await this.#readBody();
      return this.ending ??= "server";
    } catch (error) {
      if (this.ending !== undefined) return this.ending;
      this.error = error;
      // What it has failed with is all there is to tell.
      this.#body?.cancel(error).catch(() => {});
      return this.ending = "error";
    }
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
          `Cannot read more as the body must not exceed ${this.#maxBytes} bytes ('maxBytes')`,
        );
      }
      this.#take(decoder.decode(value, { stream: true }));
      if (chunks % STRETCH === 0) await turn();
    }
    this.#take(decoder.decode());
  }

  #take(text: string): void {
    this.text += text;
    if (this.isStream) this.#parser.feed(text);
  }
}

function isEventStream({ status, headers }: Response): boolean {
  const [type = ""] = (headers.get("Content-Type") ?? "").split(";");
  return status === 200 && type.trim().toLowerCase() === "text/event-stream";
}
