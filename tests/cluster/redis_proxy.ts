import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers";

/** A network between servers and Redis that can be slow, cut and go dead. */
export class RedisProxy implements AsyncDisposable {
  /** Milliseconds that everything takes longer. */
  delay = 0;
  /** Whether everything is swallowed, and nobody told. */
  isBlackHole = false;

  readonly #target: number;
  readonly #sockets: Set<Socket> = new Set();
  readonly #server = createServer((client) => this.#accept(client));

  private constructor(target: number) {
    this.#target = target;
  }

  /** Listens on a free port. */
  static async start(target: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Its port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    let last = Promise.resolve();
    from.on("data", (bytes: Uint8Array) => {
      if (this.isBlackHole) return;
      const { delay } = this;
      // In order, though the delay changes.
      const wait = delay === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => setTimeout(resolve, delay));
      last = Promise.all([last, wait]).then(() => void to.write(bytes));
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      last.then(() => to.destroy());
    });
  }
}
