/**
 * What the tests use of `jsr:@std/assert`, with its signatures and its meaning,
 * so that `npm ci` is all the suite needs: Deno finds this package through
 * `links` in deno.json, Bun and Node through package.json. Without the link,
 * Deno takes the original and nothing changes.
 *
 * @module
 */
import * as node from "node:assert/strict";
import { inspect } from "node:util";
import { equal } from "./equal.ts";
import { AssertionError, suffix } from "./error.ts";
import { includesAll } from "./match.ts";

export { AssertionError } from "./error.ts";
export { equal } from "./equal.ts";
export { assertIsError, assertRejects, assertThrows } from "./throws.ts";

/** A class, abstract ones too. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = abstract new (...args: any[]) => any;

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): void {
  if (expr) throw new AssertionError(msg);
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Fails when it is reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

/** Asserts that both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw different("Values are not equal", actual, expected, msg);
}

/** Asserts that they are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(
    !equal(actual, expected),
    () => `Expected actual: ${inspect(actual)} not to be: ${inspect(expected)}`,
    msg,
  );
}

/** Asserts that both are one and the same, as by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw different("Values are not strictly equal", actual, expected, msg);
}

/** Asserts that they are not one and the same, as by `Object.is`. */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(
    !Object.is(actual, expected),
    () => `Expected "actual" to not be strictly equal to: ${inspect(actual)}`,
    msg,
  );
}

/** Asserts that `actual` is neither null nor undefined. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  check(
    actual !== undefined && actual !== null,
    () => `Expected actual: "${actual}" to not be null or undefined`,
    msg,
  );
}

/** Asserts that `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  check(
    actual instanceof expectedType,
    () =>
      `Expected object to be an instance of "${expectedType.name}" but was ${
        inspect(actual, { depth: 0 })
      }`,
    msg,
  );
}

/** Asserts that `actual` is not an instance of `unexpectedType`. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  // deno-lint-ignore no-explicit-any
  unexpectedType: abstract new (...args: any[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  check(
    !(actual instanceof unexpectedType),
    () => `Expected object to not be an instance of "${unexpectedType.name}"`,
    msg,
  );
}

/** Asserts that `expected` matches `actual`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  check(
    expected.test(actual),
    () => `Expected actual: ${inspect(actual)} to match: ${expected}`,
    msg,
  );
}

/** Asserts that `expected` does not match `actual`. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  check(
    !expected.test(actual),
    () => `Expected actual: ${inspect(actual)} to not match: ${expected}`,
    msg,
  );
}

/** Asserts that `actual` has `expected` in it. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  check(
    actual.includes(expected),
    () =>
      `Expected actual: ${inspect(actual)} to contain: ${inspect(expected)}`,
    msg,
  );
}

/** Asserts that every one of `expected` deeply equals one of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const all = Array.from(actual);
  const missing = Array.from(expected).filter((item) =>
    !all.some((one) => equal(one, item))
  );
  check(
    missing.length === 0,
    () => `Expected actual: ${inspect(all)} to include: ${inspect(missing)}`,
    msg,
  );
}

/** Asserts that all that `expected` holds is in `actual` too, at any depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (includesAll(actual, expected)) return;
  throw different("Values are not equal", actual, expected, msg);
}

/** Asserts that both are within `tolerance`, by default a ten-millionth. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  const most = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  check(
    Object.is(actual, expected) || Math.abs(expected - actual) <= most,
    () => `Expected actual: ${actual} to be close to ${expected} (±${most})`,
    msg,
  );
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(actual > expected, () => `Expect ${actual} > ${expected}`, msg);
}

/** Asserts `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(actual >= expected, () => `Expect ${actual} >= ${expected}`, msg);
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(actual < expected, () => `Expect ${actual} < ${expected}`, msg);
}

/** Asserts `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(actual <= expected, () => `Expect ${actual} <= ${expected}`, msg);
}

function check(
  good: boolean,
  what: () => string,
  msg: string | undefined,
): asserts good {
  if (!good) throw new AssertionError(what() + suffix(msg));
}

/** An error that shows both values as the runtime's own assertions would. */
function different(
  what: string,
  actual: unknown,
  expected: unknown,
  msg: string | undefined,
): AssertionError {
  const { message } = new node.AssertionError({
    actual,
    expected,
    operator: "deepStrictEqual",
  });
  return new AssertionError(`${what}${suffix(msg)}\n${message}`);
}
