import { AssertionError, suffix } from "./error.ts";

/** The class of an error, abstract ones too. */
export type ErrorClass<E extends Error = Error> = abstract new (
  ...args: never[]
) => E;

/** Asserts that `error` is an Error, of that class, with that text in it. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${suffix(msg)}`,
    );
  }
  if (errorClass !== undefined && !(error instanceof errorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${errorClass.name}", ` +
        `but was "${error.constructor.name}"${suffix(msg)}`,
      { cause: error },
    );
  }
  const matches = msgMatches === undefined ||
    (typeof msgMatches === "string"
      ? error.message.includes(msgMatches)
      : msgMatches.test(error.message));
  if (!matches) {
    throw new AssertionError(
      `Expected error message to include ${msgMatches}, ` +
        `but got ${JSON.stringify(error.message)}${suffix(msg)}`,
      { cause: error },
    );
  }
}

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws such an error, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const want = wanted(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return want.check(error);
  }
  throw new AssertionError(`Expected function to throw${suffix(want.msg)}`);
}

/** Asserts that the promise `fn` returns rejects, and resolves with why. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Asserts that `fn` rejects with such an error, and resolves with it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const want = wanted(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // Told below: a function that throws did not reject.
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(
      `Function throws when expected to reject${suffix(want.msg)}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    return want.check(error);
  }
  throw new AssertionError(`Expected function to reject${suffix(want.msg)}`);
}

function wanted(
  classOrMsg: ErrorClass | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): { msg: string | undefined; check(error: unknown): unknown } {
  if (typeof classOrMsg !== "function") {
    return { msg: classOrMsg, check: (error) => error };
  }
  function check(error: unknown): unknown {
    if (!(error instanceof Error)) {
      throw new AssertionError(`A non-Error object was thrown${suffix(msg)}`);
    }
    assertIsError(error, classOrMsg as ErrorClass, msgIncludes, msg);
    return error;
  }
  return { msg, check };
}
