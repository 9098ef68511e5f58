import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isLoopback, isSecure } from "../client_address.ts";
import { peerAddress } from "../host_info.ts";
import type { AdminOptions } from "../server_options.ts";
import { bearerToken, digest, isEqual, newSecret } from "../secrets.ts";
import type { ServerSettings } from "../server_settings.ts";

/** Who may look and who may act. */
export type Access = "none" | "read" | "full";

/** Headers that show that a request came through a proxy. */
const FORWARDING = ["forwarded", "x-forwarded-for", "x-real-ip"];

/**
 * Decides what a request may do under `/admin/`.
 *
 * Reading is for this machine, everything for whoever has the key, unless the
 * option `admin` says otherwise.
 */
export class AdminAccess {
  readonly #admin: boolean | AdminOptions;
  readonly #proxies: number;
  #key: string | undefined;
  #digests: Promise<{ key: string; cookie: string }> | undefined;

  constructor(
    { admin, proxies }: Pick<ServerSettings, "admin" | "proxies">,
  ) {
    this.#admin = admin;
    this.#proxies = proxies;
    if (typeof admin === "object") this.#key = admin.key;
  }

  /** Whether `/admin/` is there at all. */
  get enabled(): boolean {
    return this.#admin !== false;
  }

  /**
   * The key to print, made now if there has to be one; `undefined` where the
   * operator has set one, or another rule.
   */
  newKey(): string | undefined {
    if (typeof this.#admin === "boolean") return undefined;
    if (this.#admin.key !== undefined || this.#admin.authorize) {
      return undefined;
    }
    return this.#key ??= newSecret();
  }

  /** What a request may do; a Response where `authorize` has answered it. */
  async check(context: Context): Promise<Access | Response> {
    const { req: { raw }, env } = context;
    if (typeof this.#admin === "boolean") return this.#admin ? "full" : "none";
    if (this.#admin.authorize) {
      const allowed = await this.#admin.authorize(raw, env);
      if (allowed instanceof Response) return allowed;
      return allowed === true ? "full" : "none";
    }
    if (await this.#hasKey(context)) return "full";
    return isLocal(context) ? "read" : "none";
  }

  /**
   * Where the URL carries the right key: moves it into a cookie that only this
   * console gets and no script can read. Returns whether it did.
   */
  async admit(context: Context): Promise<boolean> {
    const given = context.req.query("key");
    const digests = await this.#expected();
    if (given === undefined || digests === undefined) return false;
    if (!isEqual(await digest(given), digests.key)) return false;
    // No path: the browser then takes that of the console, wherever it is
    // mounted. The name keeps servers on other ports of this host apart.
    setCookie(context, cookieName(digests.cookie), digests.cookie, {
      path: "",
      httpOnly: true,
      sameSite: "Strict",
      secure: isSecure(context.req.raw, this.#proxies),
    });
    return true;
  }

  async #hasKey(context: Context): Promise<boolean> {
    const digests = await this.#expected();
    if (digests === undefined) return false;
    const bearer = bearerToken(context.req.raw);
    if (bearer !== undefined && isEqual(await digest(bearer), digests.key)) {
      return true;
    }
    const cookie = getCookie(context, cookieName(digests.cookie));
    return cookie !== undefined && isEqual(cookie, digests.cookie);
  }

  /** Digests, so that comparing takes the same time for every key. */
  #expected(): Promise<{ key: string; cookie: string }> | undefined {
    if (this.#key === undefined) return undefined;
    return this.#digests ??= digestsOf(this.#key);
  }
}

/**
 * Whether the request comes from this machine. The peer has to be known, and
 * the name in the URL has to be a loopback one: a page whose own name was made
 * to point here (DNS rebinding) sends its own. A proxy on this machine has a
 * loopback address too, but most say that they forward.
 */
function isLocal({ req: { raw, url }, env }: Context): boolean {
  const peer = peerAddress(raw, env);
  if (peer === undefined || !isLoopback(peer)) return false;
  if (FORWARDING.some((name) => raw.headers.has(name))) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    isLoopback(hostname.replace(/^\[|\]$/g, ""));
}

async function digestsOf(
  key: string,
): Promise<{ key: string; cookie: string }> {
  return { key: await digest(key), cookie: await digest(`cookie:${key}`) };
}

function cookieName(cookie: string): string {
  return `sse-admin-${cookie.slice(0, 8)}`;
}
