import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** How a connection ends: with a FIN, or with an RST, which drops what is under way. */
export type Cut = "finish" | "reset";

/**
 * A network between clients and a server on this machine that can fail: it
 * passes bytes on until it is told not to.
 */
export class Proxy implements AsyncDisposable {
  /** The head of every request that came, in order. */
  readonly requests: string[] = [];
  /** All that the server has sent, over all connections. */
  sent = "";
  /** How many connections it has reset for being down. */
  refused = 0;

  readonly #server = createServer((client) => this.#accept(client));
  readonly #target: number;
  readonly #clients: Set<Socket> = new Set();
  #isDown = false;
  /** Bytes that may pass before it goes down. */
  #allowance = Infinity;

  private constructor(target: number) {
    this.#target = target;
  }

  /** Listens on a free port for a server that listens on `target`. */
  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Its port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether connections are reset as soon as they are made. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Ends all connections; new ones are passed on. */
  cut(how: Cut): void {
    for (const client of this.#clients) {
      if (how === "reset") client.resetAndDestroy();
      else client.end();
    }
    this.#clients.clear();
  }

  /** Ends all connections, and resets new ones until it recovers. */
  goDown(how: Cut): void {
    this.#isDown = true;
    this.cut(how);
  }

  /**
   * Lets so many more bytes from the server pass, then goes down: what the clients
   * have got ends wherever that happens to be.
   */
  failAfter(bytes: number): void {
    this.#allowance = bytes;
  }

  /** Passes everything on again. */
  recover(): void {
    this.#allowance = Infinity;
    this.#isDown = false;
  }

  /** Ends all connections and listens no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.goDown("reset");
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #accept(client: Socket): void {
    client.on("error", () => {});
    if (this.#isDown) {
      this.refused++;
      client.resetAndDestroy();
      return;
    }
    this.#clients.add(client);
    const server = connect(this.#target, "127.0.0.1");
    const decoder = new TextDecoder();
    let head = "";
    client.on("data", (bytes: Uint8Array) => {
      head += new TextDecoder().decode(bytes);
      for (let end; (end = head.indexOf("\r\n\r\n")) !== -1;) {
        this.requests.push(head.slice(0, end));
        head = head.slice(end + 4);
      }
      server.write(bytes);
    });
    server.on("data", (bytes: Uint8Array) => {
      if (!this.#clients.has(client)) return;
      const passed = bytes.subarray(0, this.#allowance);
      this.#allowance -= passed.length;
      this.sent += decoder.decode(passed, { stream: true });
      client.write(passed);
      if (this.#allowance === 0) this.goDown("finish");
    });
    const gone = () => {
      this.#clients.delete(client);
      client.destroySoon();
      server.destroy();
    };
    server.on("error", gone);
    server.on("close", gone);
    client.on("close", gone);
  }
}

/** The value of a header in the head of a request; `undefined` without it. */
export function headerIn(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1]?.trim();
}
