import { type Deferred, deferred } from "../../deferred.ts";
import type {
  Engine,
  EngineHost,
  EngineSink,
  EngineStatus,
  Position,
  SharedMemory,
} from "../../engine.ts";
import type { Bytes } from "../../slab.ts";
import { Waiters } from "../../waiters.ts";
import { Backoff } from "./backoff.ts";
import type { RedisClient } from "./driver.ts";
import { isFinal } from "./failure.ts";
import type { RedisKeys } from "./keys.ts";
import { RedisMemory } from "./memory.ts";
import { Outbox } from "./outbox.ts";
import { Session } from "./session.ts";
import { Standing } from "./standing.ts";
import { epochText, parseEpoch, Tail } from "./tail.ts";
import { Trimmer } from "./trimmer.ts";
import { isBefore, type RedisPosition } from "./wire.ts";

/** What an engine is made of. */
export interface RedisEngineOptions {
  /** Resolves with what makes clients, and where they keep what. */
  connect(): Promise<{ newClient(): RedisClient; readonly keys: RedisKeys }>;
}

/** Milliseconds from one look at what waits to the next. */
const BEAT = 250;
/** Milliseconds from one look at where Redis stands to the next. */
const WATCH = 1_000;
/** Milliseconds for which Redis may be gone before anything is refused for it. */
const HOLD = 1_000;
/** Milliseconds after which a connection is taken for a good one. */
const PROVEN = 2_000;
/** Milliseconds that a client that has seen more than there is here is waited for. */
const REACH_TIME = 1_000;
/** Milliseconds that the end waits for what was accepted to be delivered. */
const CLOSE_TIME = 3_000;

/**
 * Orders and delivers the events of several servers through one Redis.
 *
 * One script gives each event its place, keeps it in a stream and publishes it.
 * Nothing is delivered but what comes back from there. What does not come by
 * itself, as publishing in Redis is at most once, is missing in the count, or noticed
 * by the watch that compares with where Redis stands, and read from the stream.
 */
export class RedisEngine implements Engine {
  readonly shared: SharedMemory = new RedisMemory(() => this.#soon());
  readonly #options: RedisEngineOptions;
  #host: EngineHost | undefined;
  #tail: Tail | undefined;
  #outbox: Outbox | undefined;
  #trimmer: Trimmer | undefined;
  /** While it can be used. */
  #session: Session | undefined;
  /** The same, or the next one, which catches up. */
  #current: Session | undefined;
  #isProven = false;
  #running: Promise<void> | undefined;
  readonly #closing: AbortController = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #watchedAt = 0;
  #isWatching = false;
  #complaint = "";
  #lostAt = -Infinity;
  #why: Error = new Error("it was not started");
  readonly #standing: Standing = new Standing({
    seen: () => this.#outbox!.seen,
    session: () => {
      if (this.#session === undefined) throw this.#away();
      return this.#session;
    },
  });
  #losses = 0;
  /** Told of the next session. */
  readonly #attached: Waiters = new Waiters();

  constructor(options: RedisEngineOptions) {
    this.#options = options;
  }

  async start(sink: EngineSink, host: EngineHost): Promise<void> {
    if (this.#host !== undefined) {
      throw new Error(
        "Cannot start a Redis engine twice: each server needs one of its own",
      );
    }
    this.#host = host;
    const tail = this.#tail = new Tail(sink);
    this.#outbox = new Outbox({
      kept: host.history.messages,
      seen: () => tail.at,
    });
    this.#trimmer = new Trimmer(host.history);
    const { newClient, keys } = await this.#options.connect();
    this.#closing.signal.throwIfAborted();
    const ready = deferred<void>();
    this.#running = this.#run(newClient, keys, ready);
    this.#timer = setInterval(() => this.#onBeat(), BEAT);
    try {
      await ready.promise;
    } catch (error) {
      clearInterval(this.#timer);
      throw error;
    }
  }

  async publish(
    namespace: string,
    body: Bytes,
    key?: string,
  ): Promise<Position> {
    const { epoch, seq } = await this.#outbox!.publish(namespace, body, key);
    return { epoch: epochText(epoch), seq };
  }

  async close(): Promise<void> {
    const end = performance.now() + CLOSE_TIME;
    while (
      this.#session !== undefined && !this.#outbox!.isEmpty &&
      performance.now() < end
    ) await new Promise((resolve) => setTimeout(resolve, 10));
    if (this.#session !== undefined) {
      await this.#deliverAll(end - performance.now());
    }
    this.#closing.abort(new Error("The engine was closed"));
    clearInterval(this.#timer);
    this.#current?.end(new Error("The engine was closed"));
    this.#attached.release();
    await this.#running;
    this.#outbox?.close(new Error("Cannot publish as the server is closed"));
  }

  reach(position: Position): Promise<void> | undefined {
    const { seq } = position;
    const wanted = { epoch: parseEpoch(position.epoch), seq };
    const { at } = this.#tail!;
    return isBefore(at, wanted) ? this.#reach(wanted) : undefined;
  }

  status(): EngineStatus {
    const at = this.#tail?.at ?? { epoch: 0, seq: 0 };
    const top = this.#outbox === undefined ? at : this.#standing.known;
    return {
      name: "redis",
      connected: this.#session !== undefined,
      epoch: at.epoch === 0 ? "" : epochText(at.epoch),
      lag: isBefore(at, top)
        ? top.seq - (top.epoch === at.epoch ? at.seq : 0)
        : 0,
      repairs: this.#tail?.repairs ?? 0,
      losses: this.#losses,
    };
  }

  /** Has one session after the other until the end. */
  async #run(
    newClient: () => RedisClient,
    keys: RedisKeys,
    ready: Deferred<void>,
  ): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(signal);
    let isReady = false;
    let told = "";
    while (!signal.aborted) {
      let session: Session | undefined;
      let why: Error;
      let attachedAt = Infinity;
      try {
        session = await Session.open({
          keys,
          newClient,
          signal,
          received: (batch) => this.#tail!.receive(batch),
        });
        this.#current = session;
        await this.#tail!.follow(session);
        attachedAt = performance.now();
        this.#attach(session);
        isReady = true;
        ready.resolve();
        why = await session.lost;
        this.#losses++;
      } catch (error) {
        why = error as Error;
        session?.end(why);
      }
      // One that fails again and again is no better than none.
      this.#isProven = performance.now() - attachedAt >= PROVEN;
      if (this.#isProven) {
        backoff.reset();
        told = "";
      }
      this.#detach(why);
      if (signal.aborted) break;
      if (!isReady && isFinal(why)) {
        ready.reject(
          new Error(`Cannot use Redis: ${why.message}`, { cause: why }),
        );
        return;
      }
      if (told !== why.message) {
        told = why.message;
        this.#host!.report(
          new Error(
            `${
              isReady ? "Redis is away" : "Cannot connect to Redis"
            }, trying again: ${why.message}`,
            { cause: why },
          ),
        );
      }
      await backoff.wait();
    }
    ready.reject(signal.reason);
  }

  #attach(session: Session): void {
    if (session.isLost) return;
    this.#session = session;
    this.#watchedAt = performance.now();
    this.#outbox!.open(session);
    this.#attached.release();
  }

  #detach(why: Error): void {
    this.#why = why;
    // One that comes and goes does not begin the time anew.
    if (
      this.#session !== undefined &&
      (this.#isProven || this.#lostAt === -Infinity)
    ) this.#lostAt = performance.now();
    this.#session = this.#current = undefined;
    this.#tail!.detach();
    this.#outbox!.pause();
  }

  #onBeat(): void {
    const now = performance.now();
    this.#outbox!.expire();
    if (this.#session === undefined) {
      if (now - this.#lostAt > HOLD) this.#outbox!.refuse(this.#away());
    } else if (now - this.#watchedAt >= WATCH && !this.#isWatching) {
      this.#watchedAt = now;
      this.#isWatching = true;
      const session = this.#session;
      this.#watch(session)
        .catch((error) => {
          // What ends the session tells why.
          if (!session.isLost) this.#complain(error);
        })
        .finally(() => this.#isWatching = false);
    }
  }

  /** Reports what keeps the watch from its work; it comes again each second. */
  #complain(error: Error): void {
    if (this.#complaint === error.message) return;
    this.#complaint = error.message;
    this.#host!.report(
      new Error(`Cannot look after Redis: ${error.message}`, { cause: error }),
    );
  }

  /** Looks whether Redis answers, and whether all has come that is there. */
  async #watch(session: Session): Promise<void> {
    const before = this.#standing.top;
    await Promise.all([this.#standing.ask(session), session.check()]);
    // What was there a second ago has had its time to come.
    if (isBefore(this.#tail!.at, before)) await this.#tail!.repair();
    const { at, deliveredBytes } = this.#tail!;
    const trimTo = this.#trimmer!.look(at, deliveredBytes);
    if (trimTo !== undefined) await session.trim(trimTo);
  }

  async #reach(wanted: RedisPosition): Promise<void> {
    let top = this.#standing.known;
    if (isBefore(top, wanted)) top = await this.#standing.look();
    const last = isBefore(top, wanted) ? top : wanted;
    if (await this.#tail!.reached(last, REACH_TIME / 2)) return;
    this.#tail!.repair();
    if (!await this.#tail!.reached(last, REACH_TIME / 2)) {
      throw new Error("What a client has seen has not come from Redis");
    }
  }

  async #deliverAll(time: number): Promise<void> {
    const { seen } = this.#outbox!;
    if (await this.#tail!.reached(seen, time / 2)) return;
    this.#tail!.repair();
    await this.#tail!.reached(seen, time / 2);
  }

  /** The session that there is, or soon. */
  async #soon(): Promise<Session> {
    const end = performance.now() + HOLD;
    while (this.#session === undefined) {
      const left = end - performance.now();
      if (left <= 0 || this.#closing.signal.aborted) throw this.#away();
      await this.#attached.wait(left);
    }
    return this.#session;
  }

  #away(): Error {
    return new Error(`Cannot reach Redis: ${this.#why.message}`, {
      cause: this.#why,
    });
  }
}
