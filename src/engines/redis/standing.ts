import type { Session } from "./session.ts";
import { isBefore, type RedisPosition } from "./wire.ts";

/** Milliseconds between two looks that clients cause: strangers can ask for them. */
const LOOK_INTERVAL = 20;

/** What is asked to know where Redis stands. */
export interface StandingHost {
  /** The last place that a message of our own has got. */
  seen(): RedisPosition;
  /** The session that there is; throws while Redis is away. */
  session(): Session;
}

/** Where Redis stands, as far as is known, or as it is asked. */
export class Standing {
  readonly #host: StandingHost;
  /** When it was looked at last. */
  #top: RedisPosition = { epoch: 0, seq: 0 };
  /** A look that has not begun yet. */
  #next: Promise<RedisPosition> | undefined;
  #lookedAt = -Infinity;

  constructor(host: StandingHost) {
    this.#host = host;
  }

  /** Where it stood when it was asked last. */
  get top(): RedisPosition {
    return this.#top;
  }

  /** The last place that there is, as far as is known. */
  get known(): RedisPosition {
    const seen = this.#host.seen();
    return isBefore(seen, this.#top) ? this.#top : seen;
  }

  /** Asks over a session. */
  async ask(session: Session): Promise<RedisPosition> {
    return this.#top = await session.stand(this.#host.seen());
  }

  /**
   * Where it stands; not before this was called, as what a client has seen may have
   * been accepted after that. All who call until it is asked share the answer.
   */
  look(): Promise<RedisPosition> {
    return this.#next ??= this.#look();
  }

  async #look(): Promise<RedisPosition> {
    const wait = this.#lookedAt + LOOK_INTERVAL - performance.now();
    // Also where it need not wait: whoever asks has yet to keep this promise.
    await (wait > 0 && new Promise((resolve) => setTimeout(resolve, wait)));
    this.#next = undefined;
    this.#lookedAt = performance.now();
    return await this.ask(this.#host.session());
  }
}
