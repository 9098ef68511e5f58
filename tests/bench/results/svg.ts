/** An attribute's value; a number is in pixels, and rounded to a tenth of one. */
export type Attribute = string | number;

/** An element on a line: empty, or around markup. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  content?: string,
): string {
  const opening = `<${name}${list(attributes)}`;
  return content === undefined
    ? `${opening} />`
    : `${opening}>${content}</${name}>`;
}

/** An element around lines of markup; `deno fmt` leaves these as long as they are. */
export function block(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  lines: readonly string[],
): string[] {
  return [
    `<${name}${list(attributes)}>`,
    ...indented(lines),
    `</${name}>`,
  ];
}

/** The lines, a level deeper. */
export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Text as it may stand in an element or an attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ESCAPES[char]!);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function list(attributes: Readonly<Record<string, Attribute>>): string {
  return Object.entries(attributes).map(([name, value]) => {
    const text = typeof value === "number"
      ? `${Math.round(value * 10) / 10}`
      : value;
    return ` ${name}="${escaped(text)}"`;
  }).join("");
}
