import { quote } from "./quote.ts";

/** The namespace above all others: its readers hear every event. */
export const ROOT = "/";

/** What {@linkcode parseNamespace} accepts at most. */
export interface NamespaceLimits {
  /** UTF-8 bytes of the normalised namespace. */
  readonly namespaceLength: number;
  /** Segments of the normalised namespace. */
  readonly namespaceDepth: number;
}

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const SLASH = 47;
const DOT = 46;
const encoder = new TextEncoder();

/**
 * Normalises a namespace: one leading slash, no doubled or trailing ones.
 *
 * Throws a `TypeError` when it is not a string, holds a control character or a
 * segment `.` or `..`, and a `RangeError` when it is longer or deeper than the
 * limits. Lone surrogates become U+FFFD, as in every web API.
 */
export function parseNamespace(
  namespace: string,
  limits: NamespaceLimits,
): string {
  if (typeof namespace !== "string") {
    throw new TypeError(
      `Cannot use 'namespace' as it must be a string: current value is ${
        quote(namespace)
      }`,
    );
  }
  if (isNormal(namespace, limits)) return namespace;
  // Before it is split: slashes that will go count too, but not for ever.
  if (namespace.length > limits.namespaceLength * 4) {
    throw tooLong(namespace, limits);
  }
  return join(namespace.split("/"), namespace, limits);
}

/**
 * The same for the raw, percent-encoded path of a URL.
 *
 * The encoding is undone once, a segment at a time; a segment that holds a
 * slash after that is refused, as is one that is not valid UTF-8.
 */
export function parseNamespacePath(
  path: string,
  limits: NamespaceLimits,
): string {
  // Percent-encoding makes three bytes of one.
  if (path.length > limits.namespaceLength * 4) throw tooLong(path, limits);
  const segments = path.split("/").map((segment) => {
    if (!segment.includes("%")) return segment;
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw new TypeError(
        `Cannot use 'namespace' as its percent-encoding is malformed: current value is ${
          quote(path)
        }`,
      );
    }
    if (decoded.includes("/")) {
      throw new TypeError(
        `Cannot use 'namespace' as a segment must not hold an encoded slash: current value is ${
          quote(path)
        }`,
      );
    }
    return decoded;
  });
  return parseNamespace(segments.join("/"), limits);
}

/**
 * Whether a namespace surely is as it should be: in one pass and without a
 * copy, as every broadcast asks. What this does not understand is looked at closely.
 */
function isNormal(namespace: string, limits: NamespaceLimits): boolean {
  const { length } = namespace;
  if (length > limits.namespaceLength / 3) return false;
  let depth = 0;
  let previous = 0;
  for (let i = 0; i < length; i++) {
    const unit = namespace.charCodeAt(i);
    if (previous === SLASH || i === 0) {
      // A slash where a segment should begin, or one that may be "." or "..".
      if (i === 0 ? unit !== SLASH : unit === SLASH || unit === DOT) {
        return false;
      }
    }
    if (unit === SLASH) depth++;
    else if (unit < 0x20 || unit > 0x7e) return false;
    previous = unit;
  }
  return length === 1 ? previous === SLASH : length > 1 && previous !== SLASH &&
    depth <= limits.namespaceDepth;
}

function join(
  segments: string[],
  namespace: string,
  limits: NamespaceLimits,
): string {
  let normal = "";
  let depth = 0;
  for (const segment of segments) {
    if (segment === "") continue;
    if (segment === "." || segment === "..") {
      throw new TypeError(
        `Cannot use 'namespace' as a segment must not be "${segment}": current value is ${
          quote(namespace)
        }`,
      );
    }
    normal += "/" + segment;
    depth++;
  }
  if (CONTROL.test(normal)) {
    throw new TypeError(
      `Cannot use 'namespace' as it must not contain a control character: current value is ${
        quote(namespace)
      }`,
    );
  }
  if (depth > limits.namespaceDepth) {
    throw new RangeError(
      `Cannot use 'namespace' as it must not be deeper than ${limits.namespaceDepth} segments: current value is ${
        quote(namespace)
      }`,
    );
  }
  if (encoder.encode(normal).length > limits.namespaceLength) {
    throw tooLong(namespace, limits);
  }
  return normal === "" ? ROOT : normal.toWellFormed();
}

function tooLong(
  namespace: string,
  { namespaceLength }: NamespaceLimits,
): RangeError {
  return new RangeError(
    `Cannot use 'namespace' as it must not be longer than ${namespaceLength} bytes: current value is ${
      quote(namespace)
    }`,
  );
}

/** The namespace one level up, `undefined` above the root. */
export function parentOf(namespace: string): string | undefined {
  const cut = namespace.lastIndexOf("/");
  if (cut > 0) return namespace.slice(0, cut);
  return namespace === ROOT ? undefined : ROOT;
}

/** Whether a normalised namespace is another one or lies below it. */
export function isWithin(namespace: string, above: string): boolean {
  return namespace === above || above === ROOT ||
    (namespace.startsWith(above) &&
      namespace.charCodeAt(above.length) === SLASH);
}

/** What lies both within one of `asked` and within one of `granted`; all normalised. */
export function intersection(
  asked: readonly string[],
  granted: readonly string[],
): string[] {
  const both = new Set<string>();
  for (const one of asked) {
    for (const other of granted) {
      if (isWithin(one, other)) both.add(one);
      else if (isWithin(other, one)) both.add(other);
    }
  }
  return [...both];
}

/**
 * Reduces normalised namespaces to the topmost ones, sorted and each once.
 *
 * `/pets` swallows `/pets/dogs`, so that no event can come through two of them.
 */
export function topmost(namespaces: readonly string[]): string[] {
  const asked = new Set(namespaces);
  const kept: string[] = [];
  for (const namespace of asked) {
    let above = parentOf(namespace);
    while (above !== undefined && !asked.has(above)) above = parentOf(above);
    if (above === undefined) kept.push(namespace);
  }
  return kept.sort();
}
