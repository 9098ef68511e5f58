import { isWithin } from "./namespace.ts";
import { quote, shorten } from "./quote.ts";
import type { Connection } from "./reader.ts";

/** Which streams to end: those for which everything that is given holds. */
export interface DisconnectFilter {
  /** The stream with this `id`, see {@linkcode Connection}. */
  readonly id?: number;
  /** Streams that hear this namespace or one below it. */
  readonly namespace?: string;
  /** Streams of this user, as `authorize` named them. */
  readonly user?: string;
}

/**
 * Tells whether a stream is wanted. `parse` normalises the namespace. Throws a
 * TypeError or RangeError that names the field.
 */
export function wantedOf(
  filter: DisconnectFilter,
  parse: (namespace: string) => string,
): (connection: Connection) => boolean {
  if (typeof filter !== "object" || filter === null) {
    throw bad("the filter must be an object", filter);
  }
  const { id, namespace, user, ...unknown } = filter;
  for (const name of Object.keys(unknown)) {
    // A misspelt one would be ignored in silence, and end too many.
    throw new TypeError(
      `Cannot disconnect as there is no field '${shorten(name)}'`,
    );
  }
  if (id === undefined && namespace === undefined && user === undefined) {
    throw new TypeError(
      "Cannot disconnect as neither 'id', 'namespace' nor 'user' is given",
    );
  }
  if (id !== undefined && !Number.isSafeInteger(id)) {
    throw bad("'id' must be an integer", id);
  }
  if (user !== undefined && (typeof user !== "string" || user === "")) {
    throw bad("'user' must be a string that is not empty", user);
  }
  const normal = namespace === undefined ? undefined : parse(namespace);
  return (connection) =>
    (id === undefined || connection.id === id) &&
    (user === undefined || connection.user === user) &&
    (normal === undefined ||
      connection.namespaces.some((one) => isWithin(one, normal)));
}

function bad(rule: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot disconnect as ${rule}: current value is ${quote(value)}`,
  );
}
