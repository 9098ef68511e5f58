import { ExpiringMap } from "../expiring_map.ts";

/** Milliseconds for which a key is remembered. */
export const KEY_LIFETIME: number = 5 * 60_000;
/** Keys at most; with more, the older half is forgotten. */
const CAPACITY = 100_000;

interface Publication<Result> {
  readonly fingerprint: string;
  readonly result: Promise<Result>;
}

/** A key was used before, for something else. */
export class KeyReusedError extends Error {
  override readonly name = "KeyReusedError";

  constructor() {
    super("The key was used for something else");
  }
}

/**
 * Has what is published under the same key published once (the `Idempotency-Key`
 * header; IETF draft-ietf-httpapi-idempotency-key-header).
 */
export class PublishedKeys<Result> {
  readonly #keys: ExpiringMap<Publication<Result>>;

  /** @param now Milliseconds since the Unix epoch. */
  constructor(now: () => number) {
    this.#keys = new ExpiringMap(
      { lifetime: KEY_LIFETIME, capacity: CAPACITY },
      now,
    );
  }

  /**
   * What `publish` comes to, or came to under this key. Throws a
   * {@linkcode KeyReusedError} where it was something else, which has another
   * fingerprint. What failed is forgotten, so that it can be tried again.
   */
  once(
    key: string,
    fingerprint: string,
    publish: () => Promise<Result>,
  ): Promise<Result> {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return known.result;
      throw new KeyReusedError();
    }
    const result = publish();
    this.#keys.set(key, { fingerprint, result });
    result.catch(() => {
      if (this.#keys.get(key)?.result === result) this.#keys.delete(key);
    });
    return result;
  }
}
