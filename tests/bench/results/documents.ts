import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../tools/command.ts";
import { caption } from "./caption.ts";
import type { Case } from "./case.ts";
import { chartOf } from "./chart.ts";
import type { Results } from "./results.ts";
import { markdownTables } from "./table.ts";
import { wrap } from "./wrap.ts";

/** Where each document lies, from the top of the project. */
const FILES = {
  readme: "README.md",
  details: "docs/benchmark.md",
  chart: "docs/benchmark.svg",
} as const;

const BEGIN = "<!-- benchmark -->";
const END = "<!-- /benchmark -->";

/** What the documents hold for some results. */
export interface Documents {
  /** The chart and the tables of the main cases, between markers. */
  readonly readme: string;
  /** The tables of all cases, between markers. */
  readonly details: string;
  /** The chart. */
  readonly chart: string;
}

/** What the documents should hold, the texts being what they are around the markers. */
export function documentsOf(
  results: Results,
  cases: readonly Case[],
  { readme, details }: Pick<Documents, "readme" | "details">,
): Documents {
  const main = cases.filter(({ isMain }) => isMain);
  const image =
    `![Deliveries a second and latency of sseserver and others](${FILES.chart})\n`;
  return {
    readme: withSection(
      FILES.readme,
      readme,
      `${image}\n${sectionOf(results, main)}`,
    ),
    details: withSection(FILES.details, details, sectionOf(results, cases)),
    chart: chartOf(results),
  };
}

/** What the documents hold; throws if one of them is missing. */
export function readDocuments(root: string = ROOT): Documents {
  const read = (file: string) => readFileSync(path.join(root, file), "utf8");
  return {
    readme: read(FILES.readme),
    details: read(FILES.details),
    chart: read(FILES.chart),
  };
}

/** Has the documents say what the results are. */
export function writeDocuments(
  results: Results,
  cases: readonly Case[],
  root: string = ROOT,
): void {
  const old = {
    readme: readFileSync(path.join(root, FILES.readme), "utf8"),
    details: readFileSync(path.join(root, FILES.details), "utf8"),
  };
  for (
    const [name, text] of Object.entries(documentsOf(results, cases, old))
  ) writeFileSync(path.join(root, FILES[name as keyof Documents]), text);
}

function sectionOf(results: Results, cases: readonly Case[]): string {
  return `${markdownTables(cases, results)}\n${wrap(caption(results))}`;
}

function withSection(file: string, text: string, section: string): string {
  const [begins, ends] = [countOf(text, BEGIN), countOf(text, END)];
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begins !== 1 || ends !== 1 || end < begin) {
    throw new SyntaxError(
      `${file} must have one ${BEGIN} and below it one ${END}: ` +
        `current counts are ${begins} and ${ends}`,
    );
  }
  const before = text.slice(0, begin + BEGIN.length);
  return `${before}\n\n${section}\n\n${text.slice(end)}`;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
