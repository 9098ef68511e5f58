import type { DisconnectReason } from "../../src/counters.ts";
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../mod.ts";
import type { HostSocket } from "../../src/host_info.ts";
import { Hub, type HubOptions } from "../../src/hub.ts";
import type { StreamRequest } from "../../src/stream.ts";
import { encodeBody } from "../../src/message.ts";
import { topmost } from "../../src/namespace.ts";
import type { Reader } from "../../src/reader.ts";
import { TestClock } from "@sseserver/sseserver/testing";
import { turns } from "./turns.ts";
import { until } from "./waiting.ts";

const encoder = new TextEncoder();
const EPOCH = "e";

/** The first chunk of a stream without `retry`. */
export const OPENING = ":ok\n\n";

/** What is counted of a hub once everyone has left. */
export const NOTHING = {
  topics: 0,
  channels: 0,
  readers: 0,
  sockets: 0,
  deadlines: 0,
  retainedBytes: 0,
};

/** A hub with a clock that is moved by hand and everything else as by default. */
export class HubFixture {
  readonly clock: TestClock = new TestClock();
  readonly hub: Hub;
  /** Who was cut off or left, by the id of the connection. */
  readonly ended: Map<number, DisconnectReason> = new Map();
  #seq = 0;

  constructor(
    options: Partial<HubOptions> = {},
    limits: Partial<HubOptions["limits"]> = {},
  ) {
    this.hub = new Hub({
      keepAlive: 15_000,
      maxLag: 16 * 1024 * 1024,
      stallTimeout: 30_000,
      retry: false,
      maxAge: undefined,
      history: false,
      limits: {
        connections: 50_000,
        connectionsPerClient: undefined,
        bufferedBytes: 256 * 1024 * 1024,
        ...limits,
      },
      clock: this.clock,
      ordered: () => {},
      connected: () => {},
      disconnected: ({ id }, reason) => this.ended.set(id, reason),
      ...options,
    });
    this.hub.begin({ epoch: EPOCH, seq: 0 });
  }

  /** The id of the event that was broadcast as the `seq`th. */
  id(seq: number): string {
    return `${EPOCH}-${seq}`;
  }

  /** Opens a stream that nobody reads yet. */
  open(...namespaces: string[]): Tap {
    return this.#open(namespaces, {});
  }

  /** The same, for a client that comes back, or wants the last messages first. */
  resume(
    options: Partial<Pick<StreamRequest, "lastEventId" | "latest">>,
    ...namespaces: string[]
  ): Tap {
    return this.#open(namespaces, options);
  }

  /** The same, to be ended by `hub.end(owner)`. */
  openFor(owner: object, ...namespaces: string[]): Tap {
    return this.#open(namespaces, { owner });
  }

  /** The same, written to a socket that the host tells of. */
  openAt(socket: HostSocket, ...namespaces: string[]): Tap {
    return this.#open(namespaces, { socket });
  }

  /** The same, on a host whose idle time-out could not be raised. */
  openOnImpatientHost(...namespaces: string[]): Tap {
    return this.#open(namespaces, { impatientHost: true });
  }

  /** Opens a stream of which only the opening is read so far. */
  async join(...namespaces: string[]): Promise<Tap> {
    const tap = this.open(...namespaces);
    await tap.read();
    return tap;
  }

  /** Broadcasts; returns what readers have to hear. */
  broadcast(namespace: string, data: string): string {
    const body = encodeBody({ namespace, data }, Infinity);
    this.deliver(namespace, body);
    return `data:${data}\n\n`;
  }

  /** Broadcasts a frame that is encoded already. */
  deliver(namespace: string, body: Bytes): void {
    this.hub.deliver({ epoch: EPOCH, seq: ++this.#seq, namespace, body });
  }

  #open(namespaces: string[], options: Partial<StreamRequest>): Tap {
    return new Tap(this.hub.open({
      namespaces: topmost(namespaces),
      requestPath: `/subscribe${namespaces[0]}`,
      clientIP: "192.0.2.1",
      userAgent: "test",
      user: "",
      expires: undefined,
      impatientHost: false,
      socket: undefined,
      lastEventId: "",
      latest: false,
      owner: undefined,
      ...options,
    }));
  }
}

/** The client's end of a stream: takes chunks when it is told to. */
export class Tap {
  readonly reader: Reader;
  /** What it has got, after the opening. */
  readonly chunks: Bytes[] = [];
  /** The first chunk of the stream. */
  opening = "";
  /** How the stream has ended. */
  end: "server" | Error | undefined;
  readonly #source: ReadableStreamDefaultReader<Bytes>;

  constructor(reader: Reader) {
    this.reader = reader;
    this.#source = reader.stream.getReader();
  }

  get id(): number {
    return this.reader.connection.id;
  }

  /** All that it has heard since the opening. */
  get heard(): string {
    return decode(this.chunks);
  }

  /** How many bytes it has heard. */
  get bytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** Takes a chunk, waiting for it if need be; `undefined` once the stream has ended. */
  async read(): Promise<Bytes | undefined> {
    try {
      const { done, value } = await this.#source.read();
      if (done) this.end = "server";
      else if (this.opening === "") this.opening = decode([value]);
      else this.chunks.push(value);
      return value;
    } catch (error) {
      this.end = error as Error;
      return undefined;
    }
  }

  /**
   * Reads on by itself, as a client does that keeps up; `pause` makes the host
   * wait so many turns before it asks for more.
   */
  flow(pause = 0): this {
    const loop = async () => {
      while (await this.read() !== undefined) await turns(pause);
    };
    void loop();
    return this;
  }

  /** Reads until it has heard `bytes` bytes. */
  async readBytes(bytes: number): Promise<void> {
    while (this.bytes < bytes && this.end === undefined) await this.read();
  }

  /** Waits until it has heard `text`; fails when it then hears more. */
  async hears(text: string): Promise<void> {
    await until(
      () => this.bytes >= encoder.encode(text).length,
      `${text.slice(0, 100)} for reader ${this.id}, which heard ${
        this.heard.slice(0, 100)
      }`,
    );
    await turns(2);
    assertEquals(this.heard, text);
  }

  /** The client goes. */
  leave(): Promise<void> {
    return this.#source.cancel();
  }
}

/** Chunks as text; they may be split anywhere. */
export function decode(chunks: readonly Bytes[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join(
    "",
  ) + decoder.decode();
}
