import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../tools/command.ts";
import { caption } from "./caption.ts";
import type { Case } from "./case.ts";
import { chartOf } from "./chart.ts";
import type { Results } from "./results.ts";
import { markdownTables } from "./table.ts";
import { wrap } from "./wrap.ts";

/** Where the chart lies, from the top of the project. */
const CHART = "docs/benchmark.svg";
const README = "README.md";

const BEGIN = "<!-- benchmark -->";
const END = "<!-- /benchmark -->";

/** What the documents hold for some results. */
export interface Documents {
  /** `README.md`. */
  readonly readme: string;
  /** `docs/benchmark.svg`. */
  readonly chart: string;
}

/** What the documents should hold, README.md being what it is between the markers. */
export function documentsOf(
  results: Results,
  cases: readonly Case[],
  readme: string,
): Documents {
  return {
    readme: withSection(readme, sectionOf(results, cases)),
    chart: chartOf(results),
  };
}

/** What the documents hold; throws if one of them is missing. */
export function readDocuments(root: string = ROOT): Documents {
  return {
    readme: readFileSync(path.join(root, README), "utf8"),
    chart: readFileSync(path.join(root, CHART), "utf8"),
  };
}

/** Has the documents say what the results are. */
export function writeDocuments(
  results: Results,
  cases: readonly Case[],
  root: string = ROOT,
): void {
  const old = readFileSync(path.join(root, README), "utf8");
  const { readme, chart } = documentsOf(results, cases, old);
  writeFileSync(path.join(root, README), readme);
  writeFileSync(path.join(root, CHART), chart);
}

function sectionOf(results: Results, cases: readonly Case[]): string {
  return [
    `![Deliveries a second and latency of sseserver and others](${CHART})`,
    "",
    markdownTables(cases, results),
    wrap(caption(results)),
  ].join("\n");
}

function withSection(readme: string, section: string): string {
  const [begins, ends] = [countOf(readme, BEGIN), countOf(readme, END)];
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begins !== 1 || ends !== 1 || end < begin) {
    throw new SyntaxError(
      `README.md must have one ${BEGIN} and below it one ${END}: ` +
        `current counts are ${begins} and ${ends}`,
    );
  }
  const before = readme.slice(0, begin + BEGIN.length);
  return `${before}\n\n${section}\n\n${readme.slice(end)}`;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
