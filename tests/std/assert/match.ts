import { equal } from "./equal.ts";

/**
 * Whether all that `expected` holds is in `actual` too, at any depth. Arrays
 * are compared index by index as far as `expected` goes.
 */
export function includesAll(actual: unknown, expected: unknown): boolean {
  return includes(actual, expected, new Map());
}

function includes(
  actual: unknown,
  expected: unknown,
  seen: Map<object, object>,
): boolean {
  if (
    typeof actual !== "object" || actual === null ||
    typeof expected !== "object" || expected === null ||
    expected instanceof RegExp || expected instanceof Date
  ) return equal(actual, expected);
  if (seen.get(expected) === actual) return true;
  seen.set(expected, actual);

  if (Array.isArray(actual) !== Array.isArray(expected)) return false;
  if (expected instanceof Map) {
    return actual instanceof Map &&
      [...expected].every(([key, value]) =>
        actual.has(key) && includes(actual.get(key), value, seen)
      );
  }
  if (expected instanceof Set) {
    return actual instanceof Set &&
      [...expected].every((value) => actual.has(value));
  }
  return Reflect.ownKeys(expected).every((key) =>
    Reflect.has(actual, key) &&
    includes(Reflect.get(actual, key), Reflect.get(expected, key), seen)
  );
}
