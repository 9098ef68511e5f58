import type { Bytes } from "../../slab.ts";
import type { PublishRequest } from "./session.ts";
import { isBefore, type RedisPosition } from "./wire.ts";

/** Where an outbox sends its batches. */
export interface OutboxTarget {
  readonly isLost: boolean;
  publish(request: PublishRequest, seen: RedisPosition): Promise<RedisPosition>;
}

/** What an outbox needs to know. */
export interface OutboxOptions {
  /** How many events Redis is to keep. */
  readonly kept: number;
  /** The last place that has been delivered here. */
  seen(): RedisPosition;
}

interface Waiting {
  readonly namespace: string;
  readonly body: Bytes;
  readonly key: string | undefined;
  /** When it was published, in milliseconds. */
  readonly at: number;
  resolve(position: RedisPosition): void;
  reject(error: unknown): void;
}

interface Batch {
  readonly events: readonly Waiting[];
  readonly token: string;
  /** The epoch in which it was sent first. */
  readonly epoch: number;
  /** How often it was sent. */
  sent: number;
}

/** Milliseconds after which nobody waits for an event to be accepted. */
const PATIENCE = 3_000;
/** The same, within which a batch has to come to Redis: with the way there. */
const WANTED = 4_000;
/**
 * Milliseconds for which Redis remembers what became of a batch. Longer than one
 * may be under way.
 */
const REMEMBERED = 15_000;
/** The same for an event with a key. */
const KEY_REMEMBERED = 5 * 60_000;
/** A batch has no more events and, but for a large one, bytes than this. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 256 * 1024;
/**
 * Batches under way at a time. With more to publish they grow larger instead, which
 * costs Redis less.
 */
const BATCHES = 4;
/** Bytes that wait at most, under way or not. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What an event takes besides its bytes, about. */
const OVERHEAD = 256;

/**
 * Publishes events in their order, those of a turn together in one round trip. What
 * was under way when the connection was lost is sent again, by the same token, as
 * long as somebody waits for it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #origin: string = crypto.randomUUID();
  #waiting: Waiting[] = [];
  /** All before it have been taken. */
  #head = 0;
  #underWay: Batch[] = [];
  #bytes = 0;
  #batches = 0;
  #target: OutboxTarget | undefined;
  #isScheduled = false;
  /** Why nothing is accepted. */
  #refusal: Error | undefined;
  /** The highest place that an event was given. */
  #highest: RedisPosition = { epoch: 0, seq: 0 };

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The highest place that is known of here. */
  get seen(): RedisPosition {
    const delivered = this.#options.seen();
    return isBefore(delivered, this.#highest) ? this.#highest : delivered;
  }

  /** Whether nothing waits to be accepted. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.#underWay.length === 0;
  }

  /** Takes an event; resolves with its place. */
  publish(
    namespace: string,
    body: Bytes,
    key: string | undefined,
  ): Promise<RedisPosition> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (this.#bytes > MOST_BYTES) {
      return Promise.reject(
        new Error(
          `Cannot publish as ${this.#bytes} bytes wait for Redis already`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const at = performance.now();
      this.#waiting.push({ namespace, body, key, at, resolve, reject });
      this.#bytes += body.length + OVERHEAD;
      this.#schedule();
    });
  }

  /** Sends to a new target, first what was under way to the one before. */
  open(target: OutboxTarget): void {
    this.#target = target;
    this.#refusal = undefined;
    this.expire();
    for (const batch of [...this.#underWay]) {
      // In another epoch, what became of it may have been forgotten.
      if (batch.epoch === this.seen.epoch) this.#send(batch, target);
      else this.#end(batch, (event) => event.reject(unknown()));
    }
    this.#flush();
  }

  /** Has what is published from now on wait for a target. */
  pause(): void {
    this.#target = undefined;
  }

  /** Refuses what waits and what is published from now on, until there is a target. */
  refuse(why: Error): void {
    this.#refusal = why;
    for (const event of this.#take(this.#count)) {
      this.#settle(event, () => event.reject(why));
    }
  }

  /** Refuses all that waits, for good; what is under way may still arrive. */
  close(why: Error): void {
    this.pause();
    this.refuse(why);
    for (const batch of [...this.#underWay]) {
      this.#end(batch, (event) => event.reject(unknown()));
    }
  }

  /** Gives up what nobody waits for any more. */
  expire(): void {
    const limit = performance.now() - PATIENCE;
    const isOver = ({ at }: Waiting) => at < limit;
    let over = 0;
    while (over < this.#count && isOver(this.#waiting[this.#head + over]!)) {
      over++;
    }
    for (const event of this.#take(over)) {
      this.#settle(event, () => event.reject(late("it was not sent")));
    }
    // As a whole: a batch that is sent again has to be the same.
    for (
      const batch of this.#underWay.filter(({ events }) => isOver(events[0]!))
    ) {
      this.#end(
        batch,
        (event) => event.reject(late("it may still arrive, once")),
      );
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const target = this.#target;
    if (target === undefined || target.isLost) return;
    while (this.#count > 0 && this.#underWay.length < BATCHES) {
      const batch = this.#nextBatch();
      this.#underWay.push(batch);
      this.#send(batch, target);
    }
  }

  /** How many wait. */
  get #count(): number {
    return this.#waiting.length - this.#head;
  }

  /** Takes the first of those that wait. */
  #take(count: number): Waiting[] {
    const end = this.#head + count;
    const taken = this.#waiting.slice(this.#head, end);
    // Moving up the rest each time would cost as much as there are.
    if (end * 2 < this.#waiting.length) this.#head = end;
    else {
      this.#waiting = this.#waiting.slice(end);
      this.#head = 0;
    }
    return taken;
  }

  #nextBatch(): Batch {
    const { key, body } = this.#waiting[this.#head]!;
    let count = 1;
    if (key === undefined) {
      let bytes = body.length;
      for (; count < BATCH_EVENTS && count < this.#count; count++) {
        const next = this.#waiting[this.#head + count]!;
        bytes += next.body.length;
        if (next.key !== undefined || bytes > BATCH_BYTES) break;
      }
    }
    const events = this.#take(count);
    const token = key === undefined
      ? `${this.#origin}:${++this.#batches}`
      : `key:${key}`;
    return { events, token, epoch: this.seen.epoch, sent: 0 };
  }

  async #send(batch: Batch, target: OutboxTarget): Promise<void> {
    const { events, token } = batch;
    const [first] = events;
    const age = performance.now() - first!.at;
    batch.sent++;
    try {
      const place = await target.publish({
        events,
        token,
        remembered: first!.key === undefined ? REMEMBERED : KEY_REMEMBERED,
        wanted: WANTED - age,
        kept: this.#options.kept,
      }, this.seen);
      this.#note({ ...place, seq: place.seq + events.length - 1 });
      this.#end(
        batch,
        (event, i) => event.resolve({ ...place, seq: place.seq + i }),
      );
    } catch (error) {
      const { message } = error as Error;
      // Whether it was published is not known, unless Redis says so: it stays under way.
      if (target.isLost && !message.startsWith("READONLY")) return;
      const why = batch.sent > 1
        // The first time, it may have been accepted.
        ? unknown()
        : /\bLATE$/.test(message)
        ? late("it came to Redis too late")
        : new Error(`Cannot publish as Redis has refused it: ${message}`, {
          cause: error,
        });
      this.#end(batch, (event) => event.reject(why));
    }
    if (target === this.#target) this.#flush();
  }

  #note(position: RedisPosition): void {
    if (isBefore(this.#highest, position)) this.#highest = position;
  }

  #end(batch: Batch, tell: (event: Waiting, index: number) => void): void {
    const index = this.#underWay.indexOf(batch);
    // It was given up before, or came back twice.
    if (index === -1) return;
    this.#underWay.splice(index, 1);
    batch.events.forEach((event, i) =>
      this.#settle(event, () => tell(event, i))
    );
  }

  #settle({ body }: Waiting, tell: () => void): void {
    this.#bytes -= body.length + OVERHEAD;
    tell();
  }
}

function unknown(): DOMException {
  return new DOMException(
    "Cannot publish as the connection to Redis was lost before it answered: it may have been published, once",
    "TimeoutError",
  );
}

function late(what: string): DOMException {
  return new DOMException(
    `Cannot publish as Redis has not answered within ${PATIENCE} ms: ${what}`,
    "TimeoutError",
  );
}
