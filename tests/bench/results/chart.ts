import { shortCaption } from "./caption.ts";
import { CHART_STYLE } from "./chart_style.ts";
import { isOurs, nameParts } from "./contender.ts";
import { figureNamed } from "./figure.ts";
import { contendersOf, type Panel, panelsOf } from "./panel.ts";
import type { Results } from "./results.ts";
import { type LogScale, logScale } from "./scale.ts";
import { block, element, escaped, indented } from "./svg.ts";

/** A panel and where it lies. */
interface Column extends Panel {
  readonly x: number;
  /** Of its longest bar. */
  readonly width: number;
  readonly scale: LogScale;
}

const WIDTH = 760;
const MARGIN = 24;
/** What the names of contenders take, to the left of all columns. */
const NAMES = 168;
/** What the value takes at the end of the longest bar. */
const VALUE = 66;
const TOP = 76;
const ROW = 24;
const BAR = 14;
/** From the top of a row down to the baseline of its text. */
const BASELINE = 17;
const BOTTOM = 64;

/** An SVG of the results: a line a contender, a bar each for what it does. */
export function chartOf(results: Results): string {
  const columns = columnsOf(panelsOf(results));
  const contenders = contendersOf(columns);
  const rows = contenders.length * ROW;
  const height = TOP + rows + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`,
    `  viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">`,
    ...indented([
      element("title", { id: "title" }, "sseserver and others, measured"),
      ...block(
        "desc",
        { id: "desc" },
        columns.map((column) => inWords(column, contenders)),
      ),
      `<style>`,
      ...CHART_STYLE,
      `</style>`,
      element("rect", {
        class: "back",
        x: 0.5,
        y: 0.5,
        width: WIDTH - 1,
        height: height - 1,
        rx: 8,
      }),
      ...columns.flatMap((column) => headOf(column, rows)),
      ...contenders.flatMap((contender, i) => rowOf(contender, i, columns)),
      ...block("text", { class: "note", x: MARGIN, y: height - 20 }, [
        escaped(shortCaption(results)),
      ]),
    ]),
    `</svg>`,
    ``,
  ].join("\n");
}

/** The panels share what the names leave them. */
function columnsOf(panels: readonly Panel[]): Column[] {
  const width = (WIDTH - MARGIN - NAMES) / panels.length;
  return panels.map((panel, i) => ({
    ...panel,
    x: MARGIN + NAMES + i * width,
    width: width - VALUE - MARGIN,
    scale: logScale([...panel.values.values()]),
  }));
}

function inWords(
  { title, better, values, figure }: Column,
  contenders: readonly string[],
): string {
  const parts = contenders.flatMap((contender) => {
    const value = values.get(contender);
    return value === undefined
      ? []
      : [`${contender} ${figureNamed(figure).format(value)}`];
  });
  return escaped(`${title}, ${better} is better: ${parts.join(", ")}.`);
}

/** What stands above a column, and the lines behind its bars with their values. */
function headOf(
  { title, better, note, figure, scale, x, width }: Column,
  rows: number,
): string[] {
  const ticks = scale.decades.flatMap((value) => {
    const at = Math.round(scale.at(value) * width) + 0.5;
    const label = figureNamed(figure).format(value).replace(/\.0+(?!\d)/, "");
    return [
      element("line", { x1: at, x2: at, y2: rows }),
      element("text", { x: at, y: rows + BASELINE }, escaped(label)),
    ];
  });
  const aside = element("tspan", {}, `${better} is better`);
  return [
    ...block("text", { class: "title", x, y: 36 }, [
      `${escaped(title)} ${aside}`,
    ]),
    ...block("text", { class: "note", x, y: 55 }, [escaped(note)]),
    ...block(
      "g",
      { class: "ticks", transform: `translate(${x} ${TOP})` },
      ticks,
    ),
  ];
}

function rowOf(
  contender: string,
  index: number,
  columns: readonly Column[],
): string[] {
  const [name, runtime] = nameParts(contender);
  const on = runtime && ` ${element("tspan", {}, escaped(`on ${runtime}`))}`;
  const y = TOP + index * ROW;
  return block("g", {
    class: isOurs(contender) ? "ours" : "peer",
    transform: `translate(0 ${y})`,
  }, [
    ...block("text", { x: MARGIN, y: BASELINE }, [escaped(name) + (on ?? "")]),
    ...columns.flatMap((column) => barOf(contender, column)),
  ]);
}

function barOf(contender: string, column: Column): string[] {
  const { values, figure, scale, x, width } = column;
  const value = values.get(contender);
  if (value === undefined) return [];
  const length = scale.at(value) * width;
  return [
    element("rect", {
      class: "bar",
      x,
      y: (ROW - BAR) / 2,
      width: length,
      height: BAR,
      rx: 2,
    }),
    element(
      "text",
      { class: "value", x: x + length + 8, y: BASELINE },
      escaped(figureNamed(figure).format(value)),
    ),
  ];
}
