/** How large and long a case is. */
export interface Scale {
  /** Seconds that everyone has to come to rest. */
  readonly warmUp: number;
  /** Seconds that are measured. */
  readonly seconds: number;
  /** Part of the streams and of what is broadcast. */
  readonly part: number;
}

/** What results are measured with. */
export const FULL: Scale = { warmUp: 3, seconds: 4, part: 1 };

/** What shows that everything works, on a machine that does other things too. */
export const TRIAL: Scale = { warmUp: 0.3, seconds: 0.7, part: 0.02 };
