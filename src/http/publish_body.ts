import type { SSEMessage } from "../message.ts";
import { quote } from "../quote.ts";

/** What a request to publish carries. */
export type Published = Pick<SSEMessage, "event" | "data">;

/** The content types that are understood. */
export type BodyType = "application/json" | "text/plain";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A number that a JavaScript one may not hold. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]/;

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

/** The content type of a request's body; `undefined` for one that is not understood. */
export function bodyType({ headers }: Request): BodyType | undefined {
  const coding = headers.get("content-encoding")?.trim().toLowerCase();
  if (coding && coding !== "identity") return undefined;
  const [type, ...parameters] = (headers.get("content-type") ?? "")
    .toLowerCase().split(";").map((part) => part.trim());
  if (type !== "application/json" && type !== "text/plain") return undefined;
  const charset = parameters.map((parameter) =>
    /^charset="?([^"]*)"?$/.exec(parameter)?.[1]
  ).find((found) => found !== undefined);
  return charset === undefined ||
      ["utf-8", "utf8", "us-ascii"].includes(charset)
    ? type
    : undefined;
}

/**
 * Reads what is to be published. Throws a TypeError that names the field.
 *
 * @param event The name in the query, for a body that has none.
 */
export function parsePublished(
  body: Uint8Array,
  type: BodyType,
  event: string | undefined,
): Published {
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    throw new TypeError("Cannot publish as the body is not valid UTF-8");
  }
  if (type === "text/plain") return { event, data: text };
  if (event !== undefined) {
    throw new TypeError(
      "Cannot publish as 'event' in the query is for text/plain: put it into the JSON",
    );
  }
  const value = parseJSON(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `Cannot publish as the body must be an object with 'data': current value is ${
        quote(value)
      }`,
    );
  }
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    if (name === "event" || name === "data") continue;
    throw new TypeError(
      `Cannot publish as there is no field ${
        quote(name)
      }: there are 'event' and 'data'`,
    );
  }
  if (!Object.hasOwn(fields, "data")) {
    throw new TypeError("Cannot publish as 'data' is missing");
  }
  return fields as unknown as Published;
}

function parseJSON(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
  } catch {
    // The parser's own words quote the body.
    throw new TypeError("Cannot publish as the body is not valid JSON");
  }
}

/** Keeps the digits of numbers that are more than JavaScript's can hold. */
function parseExactly(text: string): unknown {
  const { parse, rawJSON } = JSON as unknown as SourceAccess;
  if (rawJSON === undefined) return JSON.parse(text);
  return parse(
    text,
    (_, value, { source }) =>
      typeof value === "number" && source !== undefined &&
        String(value) !== source
        ? rawJSON(source)
        : value,
  );
}
