import {
  intersection,
  type NamespaceLimits,
  parseNamespace,
} from "./namespace.ts";
import { quote, shorten } from "./quote.ts";

/** What someone may do; everything may be left out. */
export interface Grant {
  /**
   * Namespaces that may be heard or published to, each with everything below it.
   * Of what a client asks for it hears what lies within them. By default all that
   * it asks for.
   */
  readonly namespaces?: readonly string[];
  /**
   * When this ends: a stream is ended then, to within some 1.5 s. A `Date`, or
   * milliseconds since the Unix epoch as `Date.now()` has them. By default never.
   */
  readonly expires?: number | Date;
  /**
   * Who it is, for the console and for {@linkcode SSEServer.disconnect}. At most
   * 256 characters, no control characters.
   */
  readonly user?: string;
}

/** A grant that has been checked. */
export interface Granted {
  /** Normalised; `undefined` for all. */
  readonly namespaces: readonly string[] | undefined;
  /** Milliseconds since the Unix epoch; `undefined` for never. */
  readonly expires: number | undefined;
  /** `""` for nobody in particular. */
  readonly user: string;
}

/** Everything, for ever, for anyone. */
export const EVERYTHING: Granted = {
  namespaces: undefined,
  expires: undefined,
  user: "",
};

/** Longest name of a user, in UTF-16 code units: it is kept once a stream. */
const USER_LENGTH = 256;

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Checks a grant. Throws a TypeError or RangeError that names the field; `what`
 * begins the message, such as "Cannot issue a ticket".
 */
export function parseGrant(
  grant: Grant,
  limits: NamespaceLimits,
  what: string,
): Granted {
  if (!isPlainObject(grant)) {
    throw new TypeError(
      `${what} as it must be an object with 'namespaces', 'expires' or 'user': current value is ${
        quote(grant)
      }`,
    );
  }
  if ("namespaces" in grant && grant.namespaces === undefined) {
    // What was looked up in vain must not be everything.
    throw new TypeError(
      `${what} as 'namespaces' must be an array, or be left out: current value is undefined`,
    );
  }
  const { namespaces, expires, user = "", ...unknown } = grant;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`${what} as there is no field '${shorten(name)}'`);
  }
  return {
    namespaces: namespaces === undefined
      ? undefined
      : parseNamespaces(namespaces, limits, what),
    expires: expires === undefined ? undefined : parseExpiry(expires, what),
    user: parseUser(user, what),
  };
}

/** What a client hears that asks for some namespaces; all normalised. */
export function narrowed(
  asked: readonly string[],
  { namespaces }: Granted,
): readonly string[] {
  return namespaces === undefined ? asked : intersection(asked, namespaces);
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function parseNamespaces(
  namespaces: readonly string[],
  limits: NamespaceLimits,
  what: string,
): readonly string[] {
  if (!Array.isArray(namespaces)) {
    throw new TypeError(
      `${what} as 'namespaces' must be an array: current value is ${
        quote(namespaces)
      }`,
    );
  }
  // Not map(), which passes over what is missing in it.
  return Array.from(namespaces, (one) => parseNamespace(one, limits));
}

function parseExpiry(expires: number | Date, what: string): number {
  const at = expires instanceof Date ? expires.getTime() : expires;
  if (typeof at !== "number" || !Number.isFinite(at)) {
    throw new TypeError(
      `${what} as 'expires' must be a Date or milliseconds since the Unix epoch: current value is ${
        quote(at)
      }`,
    );
  }
  return at;
}

function parseUser(user: string, what: string): string {
  if (typeof user !== "string" || CONTROL.test(user)) {
    throw new TypeError(
      `${what} as 'user' must be a string without control characters: current value is ${
        quote(user)
      }`,
    );
  }
  if (user.length > USER_LENGTH) {
    throw new RangeError(
      `${what} as 'user' must not be longer than ${USER_LENGTH} characters: current value is ${
        quote(user)
      }`,
    );
  }
  return user;
}
