import { createParser } from "eventsource-parser";

/** What a client makes of a stream. */
export interface Parsed {
  /** Name and data of each event; the name is `undefined` where there was none. */
  readonly events: { event: string | undefined; data: string }[];
  readonly ids: string[];
  readonly retries: number[];
  readonly comments: string[];
  readonly errors: string[];
}

/** Feeds a stream, from its very start, to eventsource-parser as it comes. */
export class ParsedStream implements Parsed {
  readonly events: Parsed["events"] = [];
  readonly ids: string[] = [];
  readonly retries: number[] = [];
  readonly comments: string[] = [];
  readonly errors: string[] = [];
  // Deno 2.9 would take a BOM away at the beginning of every chunk, where only
  // the one at the very start of a stream does not count.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #parser = createParser({
    onEvent: ({ event, data }) => this.events.push({ event, data }),
    onId: (id) => this.ids.push(id),
    onRetry: (retry) => this.retries.push(retry),
    onComment: (comment) => this.comments.push(comment),
    onError: (error) => this.errors.push(String(error)),
  });

  /** Takes the next chunk, which may be split anywhere. */
  feed(chunk: Uint8Array): void {
    this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
  }
}

/** Parses a whole stream, cut into chunks at `cuts`. */
export function parse(bytes: Uint8Array, cuts: readonly number[]): Parsed {
  const stream = new ParsedStream();
  const edges = cuts.map((cut) => cut % (bytes.length + 1));
  edges.push(0, bytes.length);
  edges.sort((a, b) => a - b);
  edges.slice(1).forEach((edge, i) => {
    stream.feed(bytes.subarray(edges[i], edge));
  });
  return stream;
}
