/**
 * Whether a type is `any`, the only one for which a condition goes both ways. (The
 * usual `0 extends 1 & T` is decided too soon where T has to be an object.)
 *
 * @internal
 */
export type IsAny<T> = boolean extends (T extends never ? true : false) ? true
  : false;

/**
 * Of which JSON leaves out a property, and makes `null` in an array.
 *
 * @internal
 */
export type Absent =
  | void
  | undefined
  | symbol
  | ((...args: never[]) => unknown);

/** What `JSON.parse` returns of what `JSON.stringify` was given. */
export type Parsed<T> = IsAny<T> extends true ? T
  : T extends { toJSON(...args: never[]): infer R } ? Parsed<R>
  : T extends string | number | boolean | null ? T
  : T extends Absent | bigint ? never
  : T extends readonly unknown[]
  // Types that hold arrays of themselves would never end as the other.
    ? T[number][] extends T ? ParsedItem<T[number]>[]
    : { [I in keyof T]: ParsedItem<T[I]> }
  : T extends object ? {
      [K in keyof T as IsKept<T[K]> extends true ? K : never]:
        | Parsed<T[K]>
        | (IsAbsent<Required<T>[K]> extends true ? undefined : never);
    }
  : T;

type ParsedItem<T> = Parsed<T> | (IsAbsent<T> extends true ? null : never);

/** Whether JSON may leave it out. */
type IsAbsent<T> = [Extract<T, Absent>] extends [never] ? false : true;

/** Whether JSON may have it. */
type IsKept<T> = IsAny<T> extends true ? true
  : [T] extends [Absent] ? false
  : true;
