import { quote, shorten } from "./quote.ts";

/** Checks options; throws a TypeError or RangeError that names the option. */
export class OptionCheck {
  readonly #what: string;

  /** @param what What fails where an option is wrong: `Cannot create …`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Checks that there is no other option; see {@linkcode checkNames}. */
  names(options: object, known: ReadonlySet<string>, prefix = ""): void {
    checkNames(options, known, this.#what, prefix);
  }

  /** Checks what `typeof` says of an option; null is no object. */
  type(name: string, value: unknown, type: string): void {
    if (typeof value !== type || value === null) {
      const article = type === "object" ? "an" : "a";
      this.fail(TypeError, name, `must be ${article} ${type}`, quote(value));
    }
  }

  /** Checks a callback that may be left out. */
  callback(name: string, value: unknown): void {
    if (value !== undefined) this.type(name, value, "function");
  }

  /** Checks an AbortSignal that may be left out; by its shape. */
  signal(name: string, value: AbortSignal | undefined): void {
    if (value !== undefined && typeof value?.throwIfAborted !== "function") {
      this.fail(TypeError, name, "must be an AbortSignal", quote(value));
    }
  }

  /** Checks a whole number, both bounds included. */
  integer(
    name: string,
    value: unknown,
    min: number,
    max: number = Number.MAX_SAFE_INTEGER,
  ): void {
    if (typeof value !== "number") this.type(name, value, "number");
    const number = value as number;
    if (!Number.isInteger(number) || number < min || number > max) {
      const range = max === Number.MAX_SAFE_INTEGER
        ? `of at least ${min}`
        : `from ${min} to ${max}`;
      this.fail(RangeError, name, `must be an integer ${range}`, `${number}`);
    }
  }

  /** Checks a secret that anyone may guess at. Its value is not shown: it may be a real one that is cut short. */
  secret(name: string, secret: string, minLength: number): void {
    this.type(name, secret, "string");
    if (secret.length < minLength) {
      throw new RangeError(
        `${this.#what} as '${name}' must have at least ${minLength} characters: current value has ${secret.length}`,
      );
    }
  }

  /** Throws the error that says what an option must be, and what it is. */
  fail(
    error: typeof TypeError | typeof RangeError,
    name: string,
    must: string,
    current: string,
  ): never {
    throw new error(
      `${this.#what} as '${name}' ${must}: current value is ${current}`,
    );
  }

  /** Throws the error for options that do not go together. */
  clash(why: string): never {
    throw new TypeError(`${this.#what} as ${why}`);
  }
}

/**
 * Checks that there is no option but the known ones: a misspelt one would be ignored in
 * silence. `what` fails otherwise.
 */
export function checkNames(
  options: object,
  known: ReadonlySet<string>,
  what: string,
  prefix = "",
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `${what} as the options must be an object: current value is ${
        quote(options)
      }`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.has(name)) {
      throw new TypeError(
        `${what} as there is no option '${prefix}${shorten(name)}'`,
      );
    }
  }
}
