import type { SharedMemory } from "../../engine.ts";
import type { Session } from "./session.ts";

/** What the servers on one Redis remember together. */
export class RedisMemory implements SharedMemory {
  readonly #session: () => Promise<Session>;

  /** @param session The one there is, or soon; rejects while Redis is away. */
  constructor(session: () => Promise<Session>) {
    this.#session = session;
  }

  async get(key: string): Promise<string | undefined> {
    return await (await this.#session()).shared("GET", key);
  }

  async set(key: string, value: string, lifetime: number): Promise<void> {
    const session = await this.#session();
    await session.shared("SET", key, value, "PX", `${Math.ceil(lifetime)}`);
  }

  async take(key: string): Promise<string | undefined> {
    return await (await this.#session()).shared("GETDEL", key);
  }

  async claim(key: string, value: string, lifetime?: number): Promise<string> {
    const expiry = lifetime === undefined
      ? []
      : ["PX", `${Math.ceil(lifetime)}`];
    const session = await this.#session();
    return await session.shared("SET", key, value, "NX", "GET", ...expiry) ??
      value;
  }
}
