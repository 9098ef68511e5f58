/**
 * What JSON may hold. Each function returns the value it was given or throws a
 * TypeError that says where that stands, as a path such as `measurements[0].case`.
 *
 * @module
 */

/** An object, whose fields are not known yet. */
export function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw wrong("an object", value, at);
}

/** An array, whose items are not known yet. */
export function list(value: unknown, at: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong("an array", value, at);
}

/** A text with something in it. */
export function text(value: unknown, at: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong("a text", value, at);
}

/** A number that JSON can hold, which neither NaN nor Infinity is. */
export function number(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw wrong("a finite number", value, at);
}

/** A whole number of something that is there. */
export function count(value: unknown, at: string): number {
  if (Number.isInteger(value) && value as number > 0) return value as number;
  throw wrong("a positive integer", value, at);
}

/** True or false. */
export function flag(value: unknown, at: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong("true or false", value, at);
}

function wrong(what: string, value: unknown, at: string): TypeError {
  const current = typeof value === "number"
    ? `${value}`
    : JSON.stringify(value);
  return new TypeError(`${at} must be ${what}: current value is ${current}`);
}
