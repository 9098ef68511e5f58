/** Browsers take these two for what deletes a cookie at once. */
const FIRST_DAY = 24 * 60 * 60 * 1000;

interface Cookie {
  readonly value: string;
  readonly path: string;
}

/**
 * The cookies that one origin has set (RFC 6265), sent back by their paths as a
 * browser does. Those that expire later stay for ever: it is for the server to
 * refuse them in time, whichever clock it has.
 */
export class CookieJar {
  readonly #cookies: Map<string, Cookie> = new Map();

  /** Takes the `Set-Cookie` headers of a response to a request of `pathname`. */
  take(headers: Headers, pathname: string): void {
    for (const line of headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";");
      const equals = pair.indexOf("=");
      if (equals < 1) continue;
      const name = pair.slice(0, equals).trim();
      const { path = "", ...lifetime } = attributesOf(attributes);
      const cookie = {
        value: pair.slice(equals + 1).trim(),
        path: path.startsWith("/") ? path : defaultPath(pathname),
      };
      const key = `${cookie.path};${name}`;
      if (isOver(lifetime)) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /**
   * The `Cookie` header for a request of `pathname`, `""` without any; `own` is one
   * that the client sends anyway, of which cookies that were set win by name.
   */
  header(pathname: string, own: string): string {
    const pairs = new Map<string, string>();
    for (const pair of own.split(";").map((pair) => pair.trim())) {
      if (pair !== "") pairs.set(pair.split("=")[0]!, pair);
    }
    for (const [key, { value, path }] of this.#cookies) {
      const name = key.slice(path.length + 1);
      if (isBelow(pathname, path)) pairs.set(name, `${name}=${value}`);
    }
    return [...pairs.values()].join("; ");
  }
}

interface Attributes {
  readonly path?: string;
  readonly "max-age"?: string;
  readonly expires?: string;
}

function attributesOf(attributes: readonly string[]): Attributes {
  return Object.fromEntries(attributes.map((attribute) => {
    const [name = "", ...value] = attribute.split("=");
    return [name.trim().toLowerCase(), value.join("=").trim()];
  }));
}

function isOver({ "max-age": maxAge, expires }: Attributes): boolean {
  if (maxAge !== undefined && maxAge !== "") return Number(maxAge) <= 0;
  return expires !== undefined && Date.parse(expires) < FIRST_DAY;
}

/** RFC 6265 5.1.4: up to the last slash. */
function defaultPath(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}

/** RFC 6265 5.1.4: by whole segments. */
function isBelow(pathname: string, path: string): boolean {
  return pathname === path ||
    pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}
