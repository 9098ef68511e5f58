import { connect, type Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { EventBlocks } from "../stress/event_blocks.ts";
import type { Random } from "../stress/random.ts";
import { ResponseBody } from "../stress/response.ts";
import type { Ledger } from "./ledger.ts";
import { Witness } from "./witness.ts";

/** What clients share. */
export interface World {
  readonly ledger: Ledger;
  /** Ports of the servers; those that are there now. */
  ports(): readonly number[];
  fail(why: string): void;
}

/** Milliseconds from a client's coming to its next cut. */
const STAY = { low: 100, high: 4_000 };
/** Milliseconds until it comes back. */
const PAUSE = { low: 1, high: 200 };

/**
 * A client that is cut again and again, and comes back to whichever server, with the
 * last id that it got.
 */
export class HoppingClient {
  readonly witness: Witness;
  connections = 0;
  /** Times that a server asked it to come back later. */
  refused = 0;

  readonly #world: World;
  readonly #random: Random;
  readonly #path: string;
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSettling = false;
  #hasLeft = false;
  readonly #trail: string[] = [];

  constructor(
    name: string,
    namespaces: readonly string[],
    world: World,
    random: Random,
  ) {
    this.#world = world;
    this.#random = random;
    this.#path = `/subscribe?${
      namespaces.map((namespace) => `ns=${namespace}`).join("&")
    }`;
    this.witness = new Witness(namespaces, world.ledger, (why) =>
      world.fail(
        `${name} (${namespaces}): ${why}\n      ${this.#trail.join(", ")}`,
      ));
  }

  /** Connects to one of the servers. */
  come(): void {
    const ports = this.#world.ports();
    const port = ports[this.#random.below(ports.length)]!;
    const { lastEventId } = this.witness;
    this.connections++;
    const socket = this.#socket = connect(port, "127.0.0.1");
    socket.write(
      `GET ${this.#path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n` +
        (lastEventId === "" ? "" : `Last-Event-ID: ${lastEventId}\r\n`) +
        "\r\n",
    );
    this.#note(`${port} with ${lastEventId || "nothing"}`);
    const blocks = new EventBlocks(
      (
        { bytes, idAt, idEnd, nameAt, nameEnd, hasData, data, dataAt, dataEnd },
      ) =>
        this.witness.hear({
          id: bytes.toString("latin1", idAt, idEnd),
          name: bytes.toString("latin1", nameAt, nameEnd),
          data: hasData ? data.toString("utf8", dataAt, dataEnd) : undefined,
        }),
    );
    const body = new ResponseBody((bytes) => blocks.feed(bytes));
    socket.on("data", (bytes) => {
      try {
        body.feed(bytes);
      } catch (error) {
        socket.destroy();
        const { message } = error as Error;
        if (isSoftRefusal(message)) this.refused++;
        else this.#world.fail(`${this.#path}: ${message}`);
      }
    });
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#gone());
    if (!this.#isSettling) {
      this.#after(STAY, () => {
        if (this.#random.oneIn(2)) socket.resetAndDestroy();
        else socket.destroy();
      });
    }
  }

  /** Has it stay where it is, or where it comes to next. */
  settle(): void {
    this.#isSettling = true;
    if (this.#socket !== undefined) clearTimeout(this.#timer);
  }

  /** Has it leave for good. */
  leave(): void {
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #gone(): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    this.#note(`left at ${this.witness.lastEventId}`);
    if (!this.#hasLeft) this.#after(PAUSE, () => this.come());
  }

  #after({ low, high }: { low: number; high: number }, then: () => void): void {
    this.#timer = setTimeout(then, this.#random.between(low, high));
  }

  #note(what: string): void {
    this.#trail.push(what);
    if (this.#trail.length > 12) this.#trail.shift();
  }
}

/** A stream that ends at once is sent in one piece, so with its length. */
function isSoftRefusal(message: string): boolean {
  return /^Not a stream: "HTTP\/1\.1 200 .*content-length/i.test(message);
}
