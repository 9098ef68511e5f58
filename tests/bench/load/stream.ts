import type { Connection } from "./connection.ts";
import { type Body, ChunkedBody } from "./chunks.ts";
import type { EventChecker } from "./events.ts";
import type { Opening } from "./opening.ts";

/** One of the streams of a load. */
export class Stream {
  readonly connection: Connection;
  /** Until its response head is complete. */
  opening: Opening | undefined;
  /** Of a stream that is checked; another one is drained, or not read at all. */
  readonly checker: EventChecker | undefined;
  readonly isStalled: boolean;
  /** Whether it has got as many events as the load is to last for. */
  isDone = false;

  /** Of a checked one: who takes what comes after the head. */
  #body: Body | undefined;
  #chunks: ChunkedBody | undefined;

  constructor(
    opening: Opening,
    checker: EventChecker | undefined,
    isStalled: boolean,
  ) {
    this.opening = opening;
    this.connection = opening.connection;
    this.checker = checker;
    this.isStalled = isStalled;
  }

  /** The response head is complete. */
  begin(): void {
    const { checker } = this;
    if (checker !== undefined) {
      this.#chunks = this.opening!.head.chunked
        ? new ChunkedBody(checker)
        : undefined;
      this.#body = this.#chunks ?? checker;
    }
    this.opening = undefined;
  }

  /** Takes what has come on a checked one. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    this.#body!.feed(bytes, start, end);
    // The server may leave the connection open after the last chunk.
    if (this.#chunks?.isComplete) this.connection.close();
  }
}
