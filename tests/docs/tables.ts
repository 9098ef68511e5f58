/** A table of a document. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The texts below the headings of a document, each up to the next one. */
export function sectionsOf(text: string): Map<string, string> {
  return new Map(
    text.split(/^#+ /m).slice(1).map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end)];
    }),
  );
}

/** The tables of a text. */
export function tablesOf(text: string): Table[] {
  const tables = text.match(/^\|.*\n\|[-:| ]+\|\n(?:\|.*(?:\n|$))*/gm) ?? [];
  return tables.map((table) => {
    const [head, , ...rows] = table.trimEnd().split("\n").map(cellsOf);
    return { head: head!, rows };
  });
}

function cellsOf(line: string): string[] {
  return line.slice(1, line.lastIndexOf("|")).split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
