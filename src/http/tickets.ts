import type { Context } from "hono";
import { generateCookie, getCookie } from "hono/cookie";
import { sign, verify } from "hono/jwt";
import type { TicketGrant } from "../call_options.ts";
import { type Granted, parseGrant } from "../grant.ts";
import type { NamespaceLimits } from "../namespace.ts";
import { digest, newSecret } from "../secrets.ts";
import type { ServerSettings } from "../server_settings.ts";
import {
  OwnTickets,
  SharedTickets,
  type TicketMemory,
} from "./ticket_memory.ts";

/** A grant as a ticket carries it: with an end. */
interface Ticketed extends Granted {
  readonly namespaces: readonly string[];
  readonly expires: number;
}

/** Who was let in. */
export interface Admission {
  readonly granted: Granted;
  /** Values of `Set-Cookie` headers that the response has to have. */
  readonly cookies: readonly string[];
}

/** What a cookie's name begins with; the ticket's digest follows. */
const COOKIE = "sse-ticket-";
/** Digits of the digest in there. */
const NAME_DIGITS = 16;
/**
 * Cookies that a browser keeps at most, and their bytes: each ticket has one of its
 * own, and all of them go into the head of every request, which has an end (8 KiB on
 * nginx).
 */
const COOKIES = 8;
const COOKIE_BYTES = 4_096;
/** Bytes of a grant as JSON: in base64 and signed, browsers take 4,096 (RFC 6265 6.1). */
const GRANT_BYTES = 2_560;
/** How long a grant lasts unless it says, in milliseconds: an hour. */
const GRANT_TIME = 3_600_000;
/** Longest `Max-Age` of a cookie, in seconds: 400 days (RFC 6265bis 5.6.2). */
const LONGEST_AGE = 400 * 24 * 3600;

const ALGORITHM = "HS256";

/**
 * Lets a client in by a ticket that it got from the program: an EventSource can
 * send no header of its own. A ticket is good once. As EventSource comes back with
 * the same URL (WHATWG HTML 9.2.3), the browser gets a cookie along with the
 * stream, which together with the used ticket is good for as long as the grant.
 */
export class Tickets {
  readonly #limits: NamespaceLimits;
  readonly #now: () => number;
  readonly #memory: TicketMemory;
  readonly #report: (error: unknown) => void;

  constructor(
    { limits, clock, engine }: Pick<
      ServerSettings,
      "limits" | "clock" | "engine"
    >,
    report: (error: unknown) => void,
  ) {
    this.#limits = limits;
    this.#now = () => clock.now();
    this.#memory = engine?.shared === undefined
      ? new OwnTickets(this.#now)
      : new SharedTickets(engine.shared, this.#now);
    this.#report = report;
  }

  /**
   * Issues a ticket. Throws a TypeError or RangeError that names the field; where it
   * cannot be kept for other servers, that is reported.
   */
  issue(grant: TicketGrant): string {
    const ticketed = this.#parse(grant);
    const json = JSON.stringify(ticketed);
    const { length } = new TextEncoder().encode(json);
    if (length > GRANT_BYTES) {
      throw new RangeError(
        `Cannot issue a ticket as 'namespaces' must fit into a cookie, ${GRANT_BYTES} bytes of JSON: current value has ${length}`,
      );
    }
    const ticket = newSecret();
    this.#memory.put(ticket, json).catch(this.#report);
    return ticket;
  }

  #parse(grant: TicketGrant): Ticketed {
    const what = "Cannot issue a ticket";
    const now = this.#now();
    const { namespaces, expires = now + GRANT_TIME, user } = parseGrant(
      grant,
      this.#limits,
      what,
    );
    if (namespaces === undefined || namespaces.length === 0) {
      throw new TypeError(`${what} as 'namespaces' must name at least one`);
    }
    if (expires <= now) {
      throw new RangeError(
        `${what} as 'expires' must lie in the future: current value is ${expires}`,
      );
    }
    return { namespaces, expires, user };
  }

  /**
   * What a ticket grants that has come in a request; `undefined` where it is none or
   * void. Where it is good now, and for what is asked for, it is used up. Rejects
   * where that cannot be found out.
   */
  async admit(
    context: Context,
    ticket: string,
    { path, isSecure, isFor }: {
      /** What the cookie is for, with all below it. */
      readonly path: string;
      readonly isSecure: boolean;
      isFor(granted: Granted): boolean;
    },
  ): Promise<Admission | undefined> {
    const readmitted = await this.#readmit(context, ticket);
    if (readmitted !== undefined) return readmitted;
    const json = await this.#memory.get(ticket);
    if (json === undefined) return undefined;
    const granted: Ticketed = JSON.parse(json);
    if (granted.expires <= this.#now()) return undefined;
    // Nobody takes a stream, so the ticket stays good.
    if (context.req.raw.method === "HEAD" || !isFor(granted)) {
      return { granted, cookies: [] };
    }
    // First what may fail: then the ticket is still good.
    const secret = await this.#memory.secret();
    // Somebody else was faster: it is good once.
    if (await this.#memory.take(ticket) === undefined) return undefined;
    const name = await cookieName(ticket);
    const value = await sign(
      { ...granted, ticket: name },
      secret,
      ALGORITHM,
    );
    const left = Math.ceil((granted.expires - this.#now()) / 1000);
    const others = Object.entries(getCookie(context))
      .filter(([other]) => other.startsWith(COOKIE) && other !== name);
    const cookie = (name: string, value: string, maxAge: number) =>
      generateCookie(name, value, {
        path,
        httpOnly: true,
        sameSite: "Strict",
        secure: isSecure,
        maxAge,
      });
    return {
      granted,
      cookies: [
        cookie(name, value, Math.min(left, LONGEST_AGE)),
        ...surplus(others, value).map((old) => cookie(old, "", 0)),
      ],
    };
  }

  async #readmit(
    context: Context,
    ticket: string,
  ): Promise<Admission | undefined> {
    const name = await cookieName(ticket);
    const cookie = getCookie(context, name);
    if (cookie === undefined) return undefined;
    const secret = await this.#memory.secret();
    try {
      const payload = await verify(cookie, secret, ALGORITHM);
      const grant = payload as unknown as Ticketed & { ticket: string };
      const isGood = grant.ticket === name && grant.expires > this.#now();
      return isGood ? { granted: grant, cookies: [] } : undefined;
    } catch {
      // What is wrong with it would have to quote it.
      return undefined;
    }
  }
}

/**
 * The cookies that a new one leaves no room for. Browsers send the oldest first
 * (RFC 6265 5.4).
 */
function surplus(cookies: [string, string][], added: string): string[] {
  let bytes = added.length;
  const kept = cookies.toReversed().findIndex(([, value], i) =>
    i === COOKIES - 1 || (bytes += value.length) > COOKIE_BYTES
  );
  const oldest = kept === -1 ? 0 : cookies.length - kept;
  return cookies.slice(0, oldest).map(([name]) => name);
}

async function cookieName(ticket: string): Promise<string> {
  return COOKIE + (await digest(ticket)).slice(0, NAME_DIGITS);
}
