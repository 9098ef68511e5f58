import { compare, type Place, placeOf } from "./place.ts";

/** An event that was published, as far as is known. */
interface Published {
  readonly namespace: string;
  id: string | undefined;
  refused: string | undefined;
}

/** An event that was accepted, and where. */
export interface Accepted {
  readonly place: Place;
  readonly namespace: string;
  readonly key: string;
}

/**
 * What was published by all servers, and what became of it. An event's key is the
 * name of its publisher and its number there.
 */
export class Ledger {
  readonly #events: Map<string, Published> = new Map();
  readonly #keys: Map<string, string> = new Map();
  readonly #fail: (why: string) => void;
  /** The last place that an event was given. */
  last: Place = { epoch: 0, seq: 0 };
  accepted = 0;
  refused = 0;
  /** Events that somebody has got though nobody knows that they were accepted. */
  unconfirmed = 0;

  constructor(fail: (why: string) => void) {
    this.#fail = fail;
  }

  /** How many events were published. */
  get size(): number {
    return this.#events.size;
  }

  /** An event is about to be published; it may have been delivered already. */
  sent(key: string, namespace: string): void {
    if (this.#events.has(key)) return;
    this.#events.set(key, { namespace, id: undefined, refused: undefined });
  }

  /** It was accepted. */
  accept(key: string, id: string): void {
    this.accepted++;
    this.#name(key, id);
  }

  /** It was refused for good. */
  refuse(key: string, why: string): void {
    this.refused++;
    const event = this.#events.get(key)!;
    event.refused = why;
    if (event.id !== undefined) {
      this.#fail(`${key} was refused, but delivered as ${event.id}: ${why}`);
    }
  }

  /** Somebody has got it. */
  seen(key: string, namespace: string, id: string): void {
    this.sent(key, namespace);
    const event = this.#events.get(key)!;
    if (event.namespace !== namespace) {
      this.#fail(`${key} was published to ${event.namespace}: ${namespace}`);
    }
    if (event.refused !== undefined) {
      this.#fail(
        `${key} was refused, but delivered as ${id}: ${event.refused}`,
      );
    }
    if (event.id === undefined) this.unconfirmed++;
    this.#name(key, id);
  }

  /** All that have a place, in order. */
  inOrder(): Accepted[] {
    return [...this.#events].filter(([, { id }]) => id !== undefined)
      .map(([key, { id, namespace }]) => ({
        place: placeOf(id!),
        namespace,
        key,
      }))
      .sort((a, b) => compare(a.place, b.place));
  }

  #name(key: string, id: string): void {
    const event = this.#events.get(key)!;
    if (event.id === id) return;
    if (event.id !== undefined) {
      this.#fail(`${key} was published twice: as ${event.id} and ${id}`);
      return;
    }
    const other = this.#keys.get(id);
    if (other !== undefined) {
      this.#fail(`${id} stands for two events: ${other} and ${key}`);
    }
    event.id = id;
    this.#keys.set(id, key);
    const place = placeOf(id);
    if (compare(place, this.last) > 0) this.last = place;
  }
}
