/**
 * Numbers as one reads them: as many digits as say something, and a unit that
 * keeps them short.
 *
 * @module
 */

/** A unit by its size, of which `value / size` is shown. */
export type Unit = readonly [size: number, name: string];

/** The number with so many digits; a whole one keeps all of its places. */
export function rounded(value: number, digits: number): string {
  if (value === 0) return "0";
  // Of "0.31" the first digit is the zero.
  const small = value.toPrecision(digits - 1);
  if (Math.abs(Number(small)) < 1) return small;
  const places = Number(value.toPrecision(digits));
  const whole = `${Math.trunc(Math.abs(places))}`.length;
  const fraction = Math.max(0, digits - whole);
  return places.toLocaleString("en-US", {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  });
}

/** The number in the largest of the units, smallest first, that it fills. */
export function scaled(
  value: number,
  units: readonly Unit[],
  digits: number,
): string {
  // Rounded before it is compared, or 999,900 would be "1,000 k" and not "1.00 M".
  const size = Number(value.toPrecision(digits));
  const [unit, name] = units.findLast(([least]) => size >= least) ?? units[0]!;
  return `${rounded(size / unit, digits)} ${name}`.trimEnd();
}

/** A count of things, all of which matter. */
export function counted(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}
