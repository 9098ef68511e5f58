import { Buffer } from "node:buffer";
import type { RedisClient } from "./driver.ts";
import type { RedisKeys } from "./keys.ts";
import { PUBLISH, STAND } from "./scripts.ts";
import {
  decodeBatch,
  decodeEntry,
  encodeBatch,
  type Outgoing,
  parsePosition,
  type RedisBatch,
  type RedisPosition,
  type RedisRecord,
} from "./wire.ts";

/** Milliseconds that Redis has to answer before the connection is given up. */
const ANSWER_TIME = 2_000;
/** Milliseconds that a new connection has until it can be used. */
const OPENING_TIME = 5_000;
/** Has the driver return texts as they are (`$` in RESP). */
const AS_BYTES = { typeMapping: { 36: Buffer }, timeout: undefined };
const AS_TEXT = { typeMapping: {}, timeout: undefined };

/** A batch to publish. */
export interface PublishRequest {
  readonly events: readonly Outgoing[];
  /** Names it: what has the same token is published once. */
  readonly token: string;
  /** Milliseconds for which that is remembered. */
  readonly remembered: number;
  /** Milliseconds within which it has to come to Redis; later it is refused. */
  readonly wanted: number;
  /** How many events to keep. */
  readonly kept: number;
}

/** What a session is made of. */
export interface SessionOptions {
  readonly keys: RedisKeys;
  newClient(): RedisClient;
  /** Ends it while it is opened. */
  readonly signal: AbortSignal;
  /** Takes each batch of events that is published. */
  received(batch: RedisBatch): void;
}

/**
 * A pair of connections to Redis: one hears what is published, the other is for all
 * else. It ends with the first sign of trouble of either, and never comes back: the
 * next one is another.
 */
export class Session {
  /** Resolves with why, once it has ended. */
  readonly lost: Promise<Error>;
  /** Milliseconds from Redis' clock to that of this machine. */
  clockOffset = 0;

  /** The same to what is not set back when this machine's clock is. */
  #steadyOffset: number = performance.now() - Date.now();
  readonly #keys: RedisKeys;
  readonly #commands: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #scripts: Map<string, string> = new Map();
  #run = "";
  #isLost = false;
  #lose: (why: Error) => void = () => {};

  private constructor({ keys, newClient }: SessionOptions) {
    this.#keys = keys;
    this.lost = new Promise((resolve) => this.#lose = resolve);
    this.#commands = newClient();
    this.#subscriber = newClient();
    for (const client of [this.#commands, this.#subscriber]) {
      client.on("error", (error) => this.end(error));
    }
  }

  /** Connects; from then on all that is published is received. */
  static async open(options: SessionOptions): Promise<Session> {
    const { signal } = options;
    signal.throwIfAborted();
    const session = new Session(options);
    const abort = () => session.end(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      const lost = session.lost.then((why) => Promise.reject(why));
      await session.#within(
        OPENING_TIME,
        Promise.race([session.#connect(options), lost]),
      );
    } catch (error) {
      session.end(error as Error);
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
    return session;
  }

  /** Whether it has ended. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Ends it. */
  end(why: Error): void {
    if (this.#isLost) return;
    this.#isLost = true;
    for (const client of [this.#commands, this.#subscriber]) {
      try {
        client.destroy();
      } catch {
        // It was never connected, or is not any more.
      }
    }
    this.#lose(why);
  }

  /** Ends it unless both connections answer. */
  async check(): Promise<void> {
    // Only so does one show that is up and carries nothing.
    await this.#answer(this.#subscriber.sendCommand(["PING"], AS_TEXT));
  }

  /**
   * Where the order stands: beyond what was seen; it begins anew where that could
   * not be said otherwise.
   */
  async stand(seen: RedisPosition): Promise<RedisPosition> {
    const asked = Date.now();
    const askedAt = performance.now();
    const reply = await this.#answer(
      this.#eval(STAND, [], [...this.#order(seen), this.#keys.channel]),
    );
    const [, , time] = `${reply}`.split(" ");
    // Not half of the way there and back: this machine may have stood still on it.
    this.clockOffset = asked - Number(time);
    this.#steadyOffset = askedAt - Number(time);
    return parsePosition(`${reply}`);
  }

  /** Publishes a batch; resolves with the place of its first event. */
  async publish(
    { events, token, remembered, wanted, kept }: PublishRequest,
    seen: RedisPosition,
  ): Promise<RedisPosition> {
    const { sizes, bytes } = encodeBatch(events);
    // Not given up when it takes long: the watch does that, for all of them.
    const reply = await this.#eval(PUBLISH, [this.#keys.batch(token)], [
      ...this.#order(seen),
      this.#keys.channel,
      `${Math.round(performance.now() - this.#steadyOffset + wanted)}`,
      `${remembered}`,
      `${kept}`,
      sizes,
      bytes,
    ]);
    return parsePosition(`${reply}`);
  }

  /** The next entries after a place, so many at most. */
  async read(
    { epoch, seq }: RedisPosition,
    count: number,
  ): Promise<readonly (RedisRecord | RedisPosition)[]> {
    const reply = await this.#answer(
      this.#commands.sendCommand(
        [
          "XRANGE",
          this.#keys.stream,
          `(${epoch}-${seq}`,
          "+",
          "COUNT",
          `${count}`,
        ],
        AS_BYTES,
      ),
    );
    return (reply as unknown[]).map(decodeEntry);
  }

  /** Has all events before a place forgotten. */
  async trim({ epoch, seq }: RedisPosition): Promise<void> {
    await this.#answer(
      this.#commands.sendCommand(
        ["XTRIM", this.#keys.stream, "MINID", "~", `${epoch}-${seq}`],
        AS_TEXT,
      ),
    );
  }

  /** Sends a command about something of what servers share. */
  async shared(
    command: string,
    key: string,
    ...args: string[]
  ): Promise<string | undefined> {
    const reply = await this.#answer(
      this.#commands.sendCommand(
        [command, this.#keys.shared(key), ...args],
        AS_TEXT,
      ),
    );
    return typeof reply === "string" ? reply : undefined;
  }

  async #connect({ received }: SessionOptions): Promise<void> {
    await Promise.all(
      [this.#commands, this.#subscriber].map(async (client) => {
        await client.connect();
        // One that was connecting does not hear of its end (node-redis 6.3).
        if (this.#isLost) client.destroy();
      }),
    );
    const [info, stand, publish] = await Promise.all(
      [
        ["INFO", "server", "replication"],
        ["SCRIPT", "LOAD", STAND],
        ["SCRIPT", "LOAD", PUBLISH],
        // Nothing: where this is not allowed, the script would find out too late.
        ["PUBLISH", this.#keys.channel, ""],
      ].map((command) => this.#commands.sendCommand(command, AS_TEXT)),
    );
    const [, run] = /^run_id:(\w+)/m.exec(`${info}`) ?? [];
    if (run === undefined) throw new Error("INFO does not tell a run_id");
    if (/^role:slave/m.test(`${info}`)) {
      throw new Error("READONLY It is a replica");
    }
    this.#run = run;
    this.#scripts.set(STAND, `${stand}`).set(PUBLISH, `${publish}`);
    await this.#subscriber.subscribe(
      this.#keys.channel,
      (message) => {
        if (!this.#isLost) received(decodeBatch(message as Buffer));
      },
      true,
    );
  }

  #order({ epoch, seq }: RedisPosition): string[] {
    return [this.#run, `${epoch}`, `${seq}`];
  }

  /**
   * Runs a script. One that Redis has forgotten ends the session: those that were
   * sent after it have failed as well, and only all of them again keep their order.
   * So does a Redis that has become a replica.
   */
  async #eval(
    script: string,
    keys: string[],
    args: (string | Buffer)[],
  ): Promise<unknown> {
    try {
      return await this.#commands.sendCommand([
        "EVALSHA",
        this.#scripts.get(script)!,
        `${2 + keys.length}`,
        this.#keys.stream,
        this.#keys.state,
        ...keys,
        ...args,
      ], AS_TEXT);
    } catch (error) {
      const { message } = error as Error;
      if (/^(NOSCRIPT|READONLY)/.test(message)) {
        this.end(error as Error);
      }
      throw error;
    }
  }

  #answer<T>(reply: Promise<T>): Promise<T> {
    return this.#within(ANSWER_TIME, reply).catch((error) => {
      if (error instanceof NoAnswerError) this.end(error);
      throw error;
    });
  }

  async #within<T>(time: number, done: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new NoAnswerError(`No answer within ${time} ms`)),
        time,
      );
    });
    try {
      return await Promise.race([done, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}
