import { readStamp } from "./clocks.ts";
import { BUFFER, Connection } from "./connection.ts";
import { ResponseHead } from "./head.ts";
import type { Poll } from "./poll.ts";

/** Requests that go out at a time. */
const BATCH = 512;

const SEQ_DIGITS = 8;
const STAMP_DIGITS = 12;
const BODY = SEQ_DIGITS + 1 + STAMP_DIGITS;

const ZERO = 48;

/** Where to publish, and how often a second. */
export interface PublisherOptions {
  readonly port: number;
  readonly path: string;
  readonly rate: number;
}

/** Publishes over HTTP, on one connection that does not wait for the answers. */
export class Publisher {
  readonly #connection: Connection;
  readonly #rate: number;
  readonly #path: string;
  /** As many requests as go out at a time, in which only the numbers change. */
  readonly #requests: Uint8Array<ArrayBuffer>;
  readonly #size: number;
  readonly #head: ResponseHead = new ResponseHead();
  readonly #stamp: Float64Array = new Float64Array(1);
  readonly #startedAt: number;
  #published = 0;
  /** What of the requests has still to go out. */
  #at = 0;
  #end = 0;

  /** @param now In microseconds, as for all that follows. */
  constructor(
    poll: Poll,
    id: number,
    now: number,
    { port, path, rate }: PublisherOptions,
  ) {
    const request = new TextEncoder().encode(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Content-Type: text/plain\r\nContent-Length: ${BODY}\r\n\r\n` +
        `${"0".repeat(SEQ_DIGITS)} ${"0".repeat(STAMP_DIGITS)}`,
    );
    this.#size = request.length;
    this.#requests = new Uint8Array(BATCH * request.length);
    for (let i = 0; i < BATCH; i++) {
      this.#requests.set(request, i * request.length);
    }
    this.#rate = rate;
    this.#path = path;
    this.#startedAt = now;
    this.#connection = new Connection({ port, number: 0 });
    this.#check();
    poll.add(this.#connection.fd, id, false);
  }

  /** Publishes what is due. */
  publish(now: number): void {
    const due = Math.floor((now - this.#startedAt) * this.#rate / 1e6);
    while (this.#flush() && this.#published < due) {
      this.#compose(Math.min(BATCH, due - this.#published));
    }
  }

  /** When the next one is due. */
  nextAt(): number {
    return this.#startedAt + (this.#published + 1) * 1e6 / this.#rate;
  }

  /** Reads answers, of which the first one says whether the server takes them. */
  ready(): void {
    const head = this.#head;
    if (head.status !== 0) this.#connection.skip();
    else {
      head.feed(BUFFER, this.#connection.read());
      if (head.status !== 0 && Math.floor(head.status / 100) !== 2) {
        throw new Error(
          `The server takes nothing at ${this.#path}: it answers ${head.status}`,
        );
      }
    }
    this.#check();
  }

  /** Returns whether nothing is left to be sent. */
  #flush(): boolean {
    if (this.#at < this.#end) {
      this.#at += this.#connection.send(this.#requests, this.#at, this.#end);
      this.#check();
    }
    return this.#at === this.#end;
  }

  #compose(count: number): void {
    readStamp(this.#stamp);
    const stamp = this.#stamp[0]!;
    for (let i = 1; i <= count; i++) {
      const end = i * this.#size;
      digits(this.#requests, end, STAMP_DIGITS, stamp);
      digits(
        this.#requests,
        end - STAMP_DIGITS - 1,
        SEQ_DIGITS,
        this.#published++,
      );
    }
    this.#at = 0;
    this.#end = count * this.#size;
  }

  #check(): void {
    if (this.#connection.isOpen) return;
    throw new Error(`The server takes nothing at ${this.#path} any more`);
  }
}

/** Writes a number, so that its last digit lies before `end`. */
function digits(
  bytes: Uint8Array,
  end: number,
  count: number,
  value: number,
): void {
  let rest = value;
  for (let at = end - 1; at >= end - count; at--) {
    const next = Math.floor(rest / 10);
    bytes[at] = ZERO + rest - next * 10;
    rest = next;
  }
}
