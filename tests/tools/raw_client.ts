import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { until } from "./waiting.ts";

/** What a client sends. */
export interface RequestOptions {
  /** @default {"GET"} */
  readonly method?: string;
  /** Besides `Host`, which may be given too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, so it needs a `Content-Length` among the headers. */
  readonly body?: string;
}

/** Marks the end of a head and of a chunked body. */
const BLANK = "\r\n\r\n";

/** A client that sends its request line as it is, and keeps all that it gets. */
export class RawClient {
  readonly socket: Socket;
  /** Status of the response; 0 before there is one. */
  status = 0;
  /** Header lines as they were sent, without the status line. */
  headerLines: string[] = [];
  /** The body so far, without the chunks' frames. */
  body = "";
  /**
   * `complete`: the body has ended as it should, its last chunk included;
   * `cut`: the connection ended before that.
   */
  ending: "open" | "complete" | "cut" = "open";
  /** Whether the connection has ended; a complete answer may leave it open. */
  gone = false;

  readonly #method: string;
  readonly #decoder = new TextDecoder();
  #pending: Uint8Array = new Uint8Array();
  #chunked = false;
  /** Bytes that the current chunk, or the whole body, still has. */
  #left = 0;

  constructor(port: number, path: string, options: RequestOptions = {}) {
    const { method = "GET", headers = {}, body = "" } = options;
    this.#method = method;
    this.socket = connect(port, "127.0.0.1");
    this.socket.setNoDelay(true);
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    this.socket.write(head + body);
    this.socket.on("data", (bytes: Uint8Array) => this.#take(bytes));
    this.socket.on("error", () => this.#end());
    this.socket.on("end", () => this.#end());
    this.socket.on("close", () => this.#end());
  }

  /** The value of a header of the response. */
  header(name: string): string | undefined {
    const start = `${name.toLowerCase()}:`;
    return this.headerLines.find((line) => line.toLowerCase().startsWith(start))
      ?.slice(start.length).trim();
  }

  /** Waits for the head of the response. */
  async answered(): Promise<this> {
    await until(
      () => this.status !== 0 || this.gone,
      "the head of a response",
    );
    return this;
  }

  /** Waits for the end of the body, or of the connection. */
  async done(): Promise<this> {
    await until(
      () => this.ending !== "open",
      () => `the end of a body: ${JSON.stringify(this.body)}`,
    );
    return this;
  }

  /** Waits for as many characters as are expected, which the body then has to be. */
  async hears(expected: string): Promise<void> {
    await until(
      () => this.body.length >= expected.length || this.ending !== "open",
      () => `${JSON.stringify(this.body)} to be ${JSON.stringify(expected)}`,
    );
    assertEquals(this.body, expected);
  }

  /** Waits for something that others, as keepalives, may follow at any moment. */
  async hearsSomewhere(text: string): Promise<void> {
    await until(
      () => this.body.includes(text),
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.body)}`,
    );
  }

  /** Waits until the body ends in something, which nothing may follow by itself. */
  async hearsLast(last: string): Promise<void> {
    await until(
      () => this.body.endsWith(last),
      () =>
        `${JSON.stringify(last)} at the end of ${
          JSON.stringify(this.body.slice(-200))
        }`,
    );
  }

  /** Stops to read: the kernel's buffers fill, then the server's. */
  stall(): void {
    this.socket.pause();
  }

  /** Sends a FIN, but goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Ends the connection with a FIN both ways. */
  leave(): void {
    this.socket.destroy();
  }

  /** Ends the connection with an RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #end(): void {
    this.gone = true;
    if (this.ending === "open") this.ending = "cut";
  }

  #take(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? bytes : join(
      this.#pending,
      bytes,
    );
    if (this.status === 0 && !this.#takeHead()) return;
    if (this.#chunked) this.#takeChunks();
    else if (this.ending === "open") this.#takeBody();
  }

  #takeHead(): boolean {
    const end = indexOf(this.#pending, BLANK);
    if (end === -1) return false;
    const head = new TextDecoder().decode(this.#pending.subarray(0, end));
    this.#pending = this.#pending.subarray(end + BLANK.length);
    const [statusLine, ...lines] = head.split("\r\n");
    this.headerLines = lines;
    this.status = Number(statusLine!.split(" ")[1]);
    this.#chunked = this.header("transfer-encoding") === "chunked";
    this.#left = Number(this.header("content-length") ?? 0);
    if (this.#method === "HEAD" || this.status === 204) {
      this.#chunked = false;
      this.#left = 0;
    }
    return true;
  }

  #takeBody(): void {
    this.#left -= this.#pending.length;
    this.body += this.#decoder.decode(this.#pending, { stream: true });
    this.#pending = new Uint8Array();
    if (this.#left <= 0) this.ending = "complete";
  }

  /** Each is a size in hexadecimal, CRLF, as many bytes, CRLF; the last is empty. */
  #takeChunks(): void {
    while (this.ending === "open") {
      const lineEnd = indexOf(this.#pending, "\r\n");
      if (lineEnd === -1) return;
      const line = new TextDecoder().decode(this.#pending.subarray(0, lineEnd));
      const size = parseInt(line, 16);
      const start = lineEnd + 2;
      if (this.#pending.length < start + size + 2) return;
      const chunk = this.#pending.subarray(start, start + size);
      this.#pending = this.#pending.subarray(start + size + 2);
      this.body += this.#decoder.decode(chunk, { stream: true });
      if (size === 0) this.ending = "complete";
    }
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function indexOf(bytes: Uint8Array, text: string): number {
  const wanted = new TextEncoder().encode(text);
  outer: for (let i = 0; i + wanted.length <= bytes.length; i++) {
    for (let j = 0; j < wanted.length; j++) {
      if (bytes[i + j] !== wanted[j]) continue outer;
    }
    return i;
  }
  return -1;
}
