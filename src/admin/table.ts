import type { Clock } from "../clock.ts";
import type { Hub } from "../hub.ts";
import { isWithin } from "../namespace.ts";
import type { TableQuery } from "./query.ts";
import { type ConnectionStatus, connectionStatus } from "./status.ts";

/**
 * For how long a look at all streams is good for everyone who asks, in milliseconds:
 * consoles ask once a second, and not quite on time.
 */
const FRESH = 900;

/** A page of the table. */
export interface TablePage {
  readonly rows: readonly ConnectionStatus[];
  /** How many rows there are with this filter. */
  readonly total: number;
}

/** A stream of the table; a comma may also stand within one of its namespaces. */
interface Listed {
  readonly namespaces: readonly string[];
  readonly row: ConnectionStatus;
}

/**
 * The table of streams, page by page. All streams are looked at once a second at
 * most, however many ask.
 */
export class StreamTable {
  readonly #hub: Hub;
  readonly #clock: Clock;
  #streams: readonly Listed[] = [];
  #takenAt = -Infinity;
  /** The last selection, which the next page is most often of too. */
  #selected: { key: string; rows: readonly ConnectionStatus[] } | undefined;

  constructor(hub: Hub, clock: Clock) {
    this.#hub = hub;
    this.#clock = clock;
  }

  /** The rows that a query asks for. */
  page(query: TableQuery): TablePage {
    this.#refresh();
    const rows = this.#select(query);
    const { offset, limit = rows.length } = query;
    return { rows: rows.slice(offset, offset + limit), total: rows.length };
  }

  /** Has the next page look at all streams anew: an action has ended some. */
  expire(): void {
    this.#takenAt = -Infinity;
  }

  #refresh(): void {
    const now = this.#clock.now();
    const age = now - this.#takenAt;
    if (age >= 0 && age < FRESH) return;
    this.#takenAt = now;
    this.#selected = undefined;
    this.#streams = Array.from(this.#hub.streams(), (state) => ({
      namespaces: state.connection.namespaces,
      row: connectionStatus(state),
    }));
  }

  #select(query: TableQuery): readonly ConnectionStatus[] {
    const { namespace, text, sort, descending } = query;
    const key = JSON.stringify([namespace, text, sort, descending]);
    if (this.#selected?.key === key) return this.#selected.rows;
    const rows = this.#streams.filter(({ namespaces, row }) =>
      (namespace === undefined ||
        namespaces.some((one) => isWithin(one, namespace))) &&
      holds(row, text)
    ).map(({ row }) => row);
    // The rows are oldest first already, and sorting is stable.
    if (sort !== "created_at") {
      rows.sort((a, b) => compare(a[sort], b[sort]));
    }
    if (descending) rows.reverse();
    this.#selected = { key, rows };
    return rows;
  }
}

function holds(row: ConnectionStatus, text: string): boolean {
  return text === "" ||
    [row.request_path, row.namespace, row.client_ip, row.user, row.user_agent]
      .some((field) => field.toLowerCase().includes(text));
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
