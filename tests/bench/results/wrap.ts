/** Where `deno fmt` wraps prose. */
const WIDTH = 80;

/** The text in lines of no more than 80 characters, as long as its words let it. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= WIDTH || line === "") {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].join("\n");
}
