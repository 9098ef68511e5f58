import { baselineOf, type Case, type Ratio } from "./case.ts";
import { figureNamed, valueOf } from "./figure.ts";
import { rounded } from "./format.ts";
import type { Measurement, Results } from "./results.ts";
import { wrap } from "./wrap.ts";

/** A case as text, a line a contender; all cells but the first are numbers. */
interface Table {
  readonly name: string;
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Stands where a contender has no such figure. */
const NOTHING = "–";

/** The tables of the cases that were measured, for a terminal. */
export function plainTables(cases: readonly Case[], results: Results): string {
  return tablesOf(cases, results).map(plainTable).join("\n");
}

/** The same as Markdown, as `deno fmt` leaves it. */
export function markdownTables(
  cases: readonly Case[],
  results: Results,
): string {
  return tablesOf(cases, results).map(markdownTable).join("\n");
}

function tablesOf(cases: readonly Case[], results: Results): Table[] {
  return cases.map((one) => tableOf(one, results))
    .filter((table) => table !== undefined);
}

/** The table of a case; `undefined` if nothing of it was measured. */
function tableOf(one: Case, results: Results): Table | undefined {
  const { name, title, figures, ratio } = one;
  const measurements = results.measurements
    .filter((measurement) => measurement.case === name);
  if (measurements.length === 0) return undefined;
  return {
    name,
    title,
    head: ["", ...figures.map(labelOf), ...ratio ? [ratioLabel(ratio)] : []],
    rows: measurements.map((measurement) => [
      measurement.contender,
      ...figures.map((figure) => cell(measurement, figure)),
      ...ratio ? [ratioCell(measurement, ratio, measurements)] : [],
    ]),
  };
}

function plainTable({ name, title, head, rows }: Table): string {
  const lines = aligned([head, ...rows])
    .map((cells) => `  ${cells.join("  ")}`.trimEnd());
  return [`${name}: ${title}`, ...lines, ""].join("\n");
}

function markdownTable({ name, title, head, rows }: Table): string {
  const escaped = [head, ...rows]
    .map((cells) => cells.map((text) => text.replaceAll("|", "\\|")));
  const [first, ...others] = aligned(escaped);
  const rule = first!.map(({ length }, column) =>
    column === 0 ? "-".repeat(length) : `${"-".repeat(length - 1)}:`
  );
  const lines = [first!, rule, ...others]
    .map((cells) => `| ${cells.join(" | ")} |`);
  return [wrap(`**${name}**: ${title}`), "", ...lines, ""].join("\n");
}

/** Columns of one width each: names to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[][] {
  // A rule in Markdown has three characters at least.
  const widths = rows[0]!.map((_, column) =>
    Math.max(3, ...rows.map((cells) => cells[column]!.length))
  );
  return rows.map((cells) =>
    cells.map((text, column) =>
      column === 0
        ? text.padEnd(widths[column]!)
        : text.padStart(widths[column]!)
    )
  );
}

function labelOf(figure: string): string {
  return figureNamed(figure).label;
}

function ratioLabel({ figure, to }: Ratio): string {
  return `${labelOf(figure)} vs ${to}`;
}

function cell(measurement: Measurement, figure: string): string {
  const value = valueOf(measurement, figure);
  return value === undefined ? NOTHING : figureNamed(figure).format(value);
}

function ratioCell(
  measurement: Measurement,
  ratio: Ratio,
  measurements: readonly Measurement[],
): string {
  const baseline = baselineOf(
    measurement.contender,
    ratio,
    measurements.map(({ contender }) => contender),
  );
  const other = measurements.find(({ contender }) => contender === baseline);
  const value = valueOf(measurement, ratio.figure);
  const base = other && valueOf(other, ratio.figure);
  return value === undefined || !base
    ? NOTHING
    : `${rounded(value / base, 3)}×`;
}
