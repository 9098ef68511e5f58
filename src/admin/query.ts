import { quote } from "../quote.ts";

/** By what the table of streams can be sorted. */
export type SortKey =
  | "created_at"
  | "namespace"
  | "client_ip"
  | "msgs_sent"
  | "lag"
  | "state";

/** Which part of the table of streams is asked for. */
export interface TableQuery {
  /** Rows at most; `undefined` for all. */
  readonly limit: number | undefined;
  readonly offset: number;
  /** Only streams that hear this namespace or one below it. */
  readonly namespace: string | undefined;
  /** Only streams with this text in path, namespace, address, user or user agent. */
  readonly text: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

const SORT_KEYS: readonly string[] = [
  "created_at",
  "namespace",
  "client_ip",
  "msgs_sent",
  "lag",
  "state",
] satisfies SortKey[];

/** Longest text that is searched for. */
const TEXT_LENGTH = 256;

/**
 * Reads the query of `status.json`. Throws a TypeError or RangeError that names
 * the parameter; `parse` normalises the namespace.
 */
export function parseTableQuery(
  parameters: URLSearchParams,
  parse: (namespace: string) => string,
): TableQuery {
  const namespace = parameters.get("namespace");
  const sort = parameters.get("sort") ?? "created_at";
  if (!SORT_KEYS.includes(sort)) throw notOneOf("sort", SORT_KEYS, sort);
  const order = parameters.get("order") ?? "asc";
  const orders = ["asc", "desc"];
  if (!orders.includes(order)) throw notOneOf("order", orders, order);
  return {
    limit: integer(parameters, "limit", 1),
    offset: integer(parameters, "offset", 0) ?? 0,
    namespace: namespace === null ? undefined : parse(namespace),
    text: (parameters.get("q") ?? "").slice(0, TEXT_LENGTH).toLowerCase(),
    sort: sort as SortKey,
    descending: order === "desc",
  };
}

function integer(
  parameters: URLSearchParams,
  name: string,
  min: number,
): number | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min)) {
    throw new RangeError(
      `Cannot read the status as '${name}' must be an integer of at least ${min}: current value is ${
        quote(text)
      }`,
    );
  }
  return value;
}

function notOneOf(
  name: string,
  values: readonly string[],
  value: string,
): TypeError {
  return new TypeError(
    `Cannot read the status as '${name}' must be one of ${
      values.join(", ")
    }: current value is ${quote(value)}`,
  );
}
