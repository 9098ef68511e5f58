import type { SharedMemory } from "../engine.ts";
import { ExpiringMap } from "../expiring_map.ts";
import { digest, newSecret } from "../secrets.ts";

/** Milliseconds within which a ticket has to be redeemed. */
const LIFETIME = 60_000;
/** Tickets that wait for it at most; with more, the older half is void. */
const CAPACITY = 100_000;
/** Milliseconds after which servers look whether they still have the same secret. */
const SECRET_TIME = 60_000;

/** Milliseconds within which a ticket that was issued elsewhere has come. */
const GRACE = 100;

/** Where tickets are kept until they are redeemed. */
export interface TicketMemory {
  /** Keeps what a ticket is good for, for 60 s. */
  put(ticket: string, value: string): Promise<void>;
  /** What a ticket is good for. */
  get(ticket: string): Promise<string | undefined>;
  /** The same, for the last time: of several calls one at most gets it. */
  take(ticket: string): Promise<string | undefined>;
  /** Signs the cookies of all servers that have the same memory. */
  secret(): Promise<string>;
}

/** The memory of a server by itself. */
export class OwnTickets implements TicketMemory {
  readonly #issued: ExpiringMap<string>;
  #secret = "";

  /** @param now Milliseconds since the Unix epoch. */
  constructor(now: () => number) {
    this.#issued = new ExpiringMap(
      { lifetime: LIFETIME, capacity: CAPACITY },
      now,
    );
  }

  put(ticket: string, value: string): Promise<void> {
    this.#issued.set(ticket, value);
    return Promise.resolve();
  }

  get(ticket: string): Promise<string | undefined> {
    return Promise.resolve(this.#issued.get(ticket));
  }

  take(ticket: string): Promise<string | undefined> {
    const value = this.#issued.get(ticket);
    this.#issued.delete(ticket);
    return Promise.resolve(value);
  }

  secret(): Promise<string> {
    return Promise.resolve(this.#secret ||= newSecret());
  }
}

/** The memory of all servers that share an engine. */
export class SharedTickets implements TicketMemory {
  readonly #memory: SharedMemory;
  readonly #now: () => number;
  #secret = "";
  #claimedAt = -Infinity;

  constructor(memory: SharedMemory, now: () => number) {
    this.#memory = memory;
    this.#now = now;
  }

  async put(ticket: string, value: string): Promise<void> {
    await this.#memory.set(await keyOf(ticket), value, LIFETIME);
  }

  async get(ticket: string): Promise<string | undefined> {
    const key = await keyOf(ticket);
    const value = await this.#memory.get(key);
    if (value !== undefined) return value;
    // It may have come here faster than to what they share.
    await new Promise((resolve) => setTimeout(resolve, GRACE));
    return await this.#memory.get(key);
  }

  async take(ticket: string): Promise<string | undefined> {
    return await this.#memory.take(await keyOf(ticket));
  }

  async secret(): Promise<string> {
    const now = this.#now();
    // What they share may have been lost; then the first puts it there again.
    if (Math.abs(now - this.#claimedAt) >= SECRET_TIME) {
      this.#secret = await this.#memory.claim(
        "ticket-secret",
        this.#secret || newSecret(),
      );
      this.#claimedAt = now;
    }
    return this.#secret;
  }
}

/** Not the ticket itself: whoever can look into what is shared could use it. */
async function keyOf(ticket: string): Promise<string> {
  return `ticket:${await digest(ticket)}`;
}
