import { BUFFER, Connection, type ConnectionOptions } from "./connection.ts";
import { ResponseHead } from "./head.ts";
import type { Poll } from "./poll.ts";

const encoder = new TextEncoder();

/** A GET request: `path` with the number of the connection for each `*` in it. */
export interface OpeningOptions extends ConnectionOptions {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A stream from connecting to the end of its response head. */
export class Opening {
  readonly connection: Connection;
  readonly head: ResponseHead = new ResponseHead();
  /** Whether the request went out, all of it. */
  isSent = false;
  /** Once the head is complete: where in `BUFFER` the first of the body lies. */
  bodyAt = -1;
  bodyEnd = -1;

  readonly #poll: Poll;
  readonly #id: number;
  readonly #request: Uint8Array<ArrayBuffer>;

  /** @param id Under which the poll is to name the connection. */
  constructor(poll: Poll, id: number, options: OpeningOptions) {
    this.#poll = poll;
    this.#id = id;
    this.#request = encoder.encode(requestOf(options));
    this.connection = new Connection(options);
    if (!this.connection.isOpen) return;
    // On loopback the connection is there at once, so that this goes well already.
    this.#send();
    if (this.connection.isOpen) {
      poll.add(this.connection.fd, id, !this.isSent);
    }
  }

  /** Whether the response head is complete, and the answer a stream. */
  get isAnswered(): boolean {
    return this.bodyAt !== -1 && this.head.status === 200;
  }

  /** Whether it will not come to that any more. */
  get hasFailed(): boolean {
    return !this.connection.isOpen || (this.bodyAt !== -1 && !this.isAnswered);
  }

  /** Goes on, as the connection is ready. */
  proceed(): void {
    const { connection } = this;
    if (!this.isSent) {
      this.#send();
      if (this.isSent) this.#poll.readOnly(connection.fd, this.#id);
      return;
    }
    const length = connection.read();
    if (length === 0) return;
    this.bodyAt = this.head.feed(BUFFER, length);
    this.bodyEnd = length;
    if (this.hasFailed) connection.close();
  }

  #send(): void {
    const { length } = this.#request;
    const sent = this.connection.send(this.#request, 0, length);
    this.isSent = sent === length;
    // A new connection has room for all of it, so it is a broken one.
    if (sent > 0 && !this.isSent) this.connection.close();
  }
}

function requestOf({ port, number, path, headers }: OpeningOptions): string {
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Accept: "text/event-stream",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path.replaceAll("*", `${number}`)} HTTP/1.1\r\n` +
    `${lines.join("")}\r\n`;
}
