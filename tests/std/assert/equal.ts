/** An object read by whatever keys it has. */
type Keyed = Record<PropertyKey, unknown>;

/**
 * Deep equality as `@std/assert` defines it: by own enumerable properties and
 * constructor; `NaN` equals itself, `0` equals `-0`, and a key that is missing
 * is not the same as one that holds `undefined`.
 */
export function equal(actual: unknown, expected: unknown): boolean {
  return compare(actual, expected, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (!sameConstructor(a, b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return compare(a.deref(), b.deref(), seen);
  }
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return sameBytes(a, b);
  // Met again while it is being compared: a cycle, equal unless the rest differs.
  if (seen.get(a) === b) return true;
  seen.set(a, b);

  if (isCollection(a) && isCollection(b)) {
    if (!sameEntries([...a.entries()], [...b.entries()], seen)) return false;
  }
  const keys = ownKeys(a);
  return keys.length === ownKeys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      compare((a as Keyed)[key], (b as Keyed)[key], seen)
    ) && errorsAgree(a, b, seen);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isCollection(
  value: object,
): value is Map<unknown, unknown> | Set<unknown> {
  return value instanceof Map || value instanceof Set;
}

/** Byte by byte: a megabyte has too many keys to be compared by them. */
function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const left = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const right = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  return left.length === right.length &&
    left.every((byte, i) => byte === right[i]);
}

/** An object without a prototype counts as a plain one. */
function sameConstructor(a: object, b: object): boolean {
  return (a.constructor ?? Object) === (b.constructor ?? Object);
}

function ownKeys(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
  return [...Object.keys(value), ...symbols];
}

/** Keys may be objects, so every entry looks for one of its own in the other. */
function sameEntries(
  a: [unknown, unknown][],
  b: [unknown, unknown][],
  seen: Map<object, object>,
): boolean {
  if (a.length !== b.length) return false;
  const left = new Set(b);
  return a.every((entry) => {
    for (const other of left) {
      // A copy of `seen`, so that a pairing which fails leaves nothing behind.
      if (entry.every((part, i) => compare(part, other[i], new Map(seen)))) {
        return left.delete(other);
      }
    }
    return false;
  });
}

/** The message and cause of an error are not enumerable and would go unseen. */
function errorsAgree(
  a: object,
  b: object,
  seen: Map<object, object>,
): boolean {
  if (!(a instanceof Error && b instanceof Error)) return true;
  return a.message === b.message && compare(a.cause, b.cause, seen);
}
