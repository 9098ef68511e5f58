import { nameParts } from "./contender.ts";

/** What is measured, and how it is shown. */
export interface Case {
  /** Its name in results and on the command line. */
  readonly name: string;
  /** What is done in it, as a sentence. */
  readonly title: string;
  /** Whether README.md shows it too. */
  readonly isMain?: boolean;
  /** The figures to show, by their names in `figure.ts`, in this order. */
  readonly figures: readonly string[];
  /** Shows how one of these relates to another contender's. */
  readonly ratio?: Ratio;
}

/** A column that divides a figure by that of another contender. */
export interface Ratio {
  /** The figure's name. */
  readonly figure: string;
  /**
   * The other contender: by its whole name (`nchan`, `streamSSE on Node`) for one
   * and the same in every line, or without its runtime (`streamSSE`) for the one on
   * the same runtime as that of the line.
   */
  readonly to: string;
}

/** Whom a contender is compared with; `undefined` if there is no such one. */
export function baselineOf(
  contender: string,
  { to }: Ratio,
  contenders: readonly string[],
): string | undefined {
  const [, runtime] = nameParts(contender);
  return [to, `${to} on ${runtime}`].find((name) => contenders.includes(name));
}
