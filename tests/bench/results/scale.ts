/** A scale on which each decade is as long as any other. */
export interface LogScale {
  /** Where a value lies, from 0 to 1 at the greatest. */
  at(value: number): number;
  /** The powers of ten on it, the first one at 0. */
  readonly decades: readonly number[];
}

/** By how much the least value lies above where the scale begins, at least. */
const HEADROOM = 1.5;

/** The scale for some values. It has no place for 0, which it puts at its beginning. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0);
  // Without any, something that has a logarithm.
  const [least, greatest] = positive.length === 0
    ? [1, 10]
    : [Math.min(...positive) / HEADROOM, Math.max(...positive)];
  const first = Math.floor(Math.log10(least));
  const last = Math.floor(Math.log10(greatest));
  const range = Math.log10(greatest) - first;
  return {
    at: (value) =>
      value > 0 ? Math.max(0, (Math.log10(value) - first) / range) : 0,
    decades: Array.from(
      { length: last - first + 1 },
      (_, i) => 10 ** (first + i),
    ),
  };
}
