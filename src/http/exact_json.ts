/** JSON's access to the source text (ECMA-262, JSON.parse source text access). */
interface SourceAccess {
  parse(
    text: string,
    reviver: (
      key: string,
      value: unknown,
      context: { source?: string },
    ) => unknown,
  ): unknown;
  rawJSON?(text: string): unknown;
}

/** A number that a JavaScript one may not hold. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]/;

/** The strings and numbers of valid JSON: nothing else in it has a quote or a digit. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * Parses an object of which one field is sent on as JSON, with the digits of numbers in
 * it that are more than JavaScript's can hold. Throws a SyntaxError where it is no JSON.
 */
export function parseExactly(text: string, field: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const { parse, rawJSON } = JSON as unknown as SourceAccess;
  if (rawJSON === undefined) return parseWithText(text, field);
  return parse(
    text,
    (_, value, { source }) =>
      typeof value === "number" && source !== undefined && isLong(source)
        ? rawJSON(source)
        : value,
  );
}

/**
 * The same without access to the source, which Node 20 does not have: the field becomes
 * its JSON text, and thus goes out as it is. Long numbers stand in it as strings that
 * nobody can have written, while it is parsed.
 */
function parseWithText(text: string, field: string): unknown {
  const plain = JSON.parse(text);
  if (
    typeof plain?.[field] !== "object" && typeof plain?.[field] !== "number"
  ) {
    return plain;
  }
  const mark = `${crypto.randomUUID()}:`;
  const marked = JSON.parse(
    text.replace(
      TOKEN,
      (token) =>
        token.startsWith('"') || !isLong(token) ? token : `"${mark}${token}"`,
    ),
  );
  plain[field] = JSON.stringify(marked[field])
    .replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1");
  return plain;
}

function isLong(number: string): boolean {
  return String(Number(number)) !== number;
}
