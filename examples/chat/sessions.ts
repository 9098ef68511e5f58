import type { Context } from "hono";
import { setCookie } from "hono/cookie";
import { sign, verify } from "hono/jwt";

/** Somebody, as everyone may know them. */
export interface Person {
  readonly id: string;
  /** `""` before there is one. */
  readonly name: string;
}

const COOKIE = "chat";
/** Seconds. */
const LIFETIME = 30 * 24 * 60 * 60;

/**
 * Knows people again by a signed cookie, so that strangers have nothing kept for
 * them. In your app, this is where your sign-in comes in.
 */
export class Sessions {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** Who sends a request; `undefined` where nobody has been given a cookie. */
  async personOf({ headers }: Request): Promise<Person | undefined> {
    const [, token] =
      /(?:^|; )chat=([^;]+)/.exec(headers.get("cookie") ?? "") ??
        [];
    if (token === undefined) return undefined;
    try {
      const { sub, name } = await verify(token, this.#secret, "HS256");
      return { id: String(sub), name: String(name) };
    } catch {
      // Too old, or of a server with another secret.
      return undefined;
    }
  }

  /** Gives somebody a name, and an id to whoever has none. */
  async name(context: Context, name: string): Promise<Person> {
    const { id = crypto.randomUUID().slice(0, 13) } =
      await this.personOf(context.req.raw) ?? {};
    const exp = Math.floor(Date.now() / 1_000) + LIFETIME;
    const token = await sign({ sub: id, name, exp }, this.#secret, "HS256");
    setCookie(context, COOKIE, token, {
      httpOnly: true,
      sameSite: "Strict",
      maxAge: LIFETIME,
      path: "/",
    });
    return { id, name };
  }
}
