import { valueOf } from "./figure.ts";
import type { Measurement, Results } from "./results.ts";

/** What a column of bars shows. */
export interface Panel {
  readonly figure: string;
  readonly title: string;
  /** Of what there should be. */
  readonly better: "more" | "less";
  readonly note: string;
  /** What each contender has. */
  readonly values: ReadonlyMap<string, number>;
}

/** The panels of the chart, and the case that each is about. */
const PANELS: readonly (Omit<Panel, "values"> & { readonly case: string })[] = [
  {
    case: "flood",
    figure: "deliveries",
    title: "Deliveries a second",
    better: "more",
    note: "1,000 clients, log scale",
  },
  {
    case: "paced-200",
    figure: "p99",
    title: "p99 latency",
    better: "less",
    note: "200 broadcasts/s, 1,000 clients, log scale",
  },
];

/** The panels of which something was measured. */
export function panelsOf({ measurements }: Results): Panel[] {
  const panels = PANELS.map((panel) => ({
    ...panel,
    values: valuesOf(
      measurements.filter((one) => one.case === panel.case),
      panel.figure,
    ),
  })).filter(({ values }) => values.size > 0);
  if (panels.length > 0) return panels;
  throw new RangeError(
    `A chart needs measurements of ${
      PANELS.map((panel) => panel.case).join(" or ")
    }: there are none`,
  );
}

/** All contenders, the best of the first panel first, those it lacks last. */
export function contendersOf(panels: readonly Panel[]): string[] {
  const names = panels.flatMap(({ values }) => [...values.keys()]);
  const { values, better } = panels[0]!;
  const sign = better === "more" ? -1 : 1;
  const known = [...values].sort(([, a], [, b]) => sign * (a - b));
  return [...new Set([...known.map(([contender]) => contender), ...names])];
}

function valuesOf(
  measurements: readonly Measurement[],
  figure: string,
): Map<string, number> {
  const values = new Map<string, number>();
  for (const measurement of measurements) {
    const value = valueOf(measurement, figure);
    if (value !== undefined) values.set(measurement.contender, value);
  }
  return values;
}
