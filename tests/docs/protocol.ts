/**
 * What `program_runner.ts` is told and tells: on its standard output, where programs
 * print what they like too.
 *
 * @module
 */

/** Begins what it tells, a line of JSON. */
export const MARK = "\u0001docs:";

/** A program to run. */
export interface Program {
  readonly name: string;
  /** Its file. */
  readonly file: string;
  /** How many characters it sends to a stream of `/`, where that is asked for. */
  readonly sends?: number;
}

/** What became of it. */
export interface Ran {
  readonly name: string;
  /** Where it listens, in the order in which it began to. */
  readonly ports: readonly number[];
  /** What it has sent. */
  readonly sent?: string;
}

/** What a program has brought about that it should not. */
export interface Failed {
  /** Where it came while that was running; others run all the while. */
  readonly name: string;
  readonly error: string;
}
