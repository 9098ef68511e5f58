import type { SSEMessage } from "../message.ts";
import { quote } from "../quote.ts";
import { parseExactly } from "./exact_json.ts";

/** What a request to publish carries. */
export type Published = Pick<SSEMessage, "event" | "data">;

/** The content types that are understood. */
export type BodyType = "application/json" | "text/plain";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
    return parseExactly(text, "data");
  } catch {
    // The parser's own words quote the body.
    throw new TypeError("Cannot publish as the body is not valid JSON");
  }
}
