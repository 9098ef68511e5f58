/**
 * What the server and the page of the console say to each other.
 *
 * @module
 */

import type { Status } from "../status.ts";

/**
 * One second: when it ended, streams open, then what a second had of broadcasts,
 * of deliveries and of bytes delivered.
 */
export type Sample = readonly [
  at: number,
  streams: number,
  broadcasts: number,
  deliveries: number,
  bytes: number,
];

/**
 * A namespace that somebody hears: streams of exactly this one; then events that
 * came to it or below it and their bytes, as running totals; and when the last of
 * them came, 0 if none did.
 */
export type NamespaceRow = readonly [
  name: string,
  readers: number,
  events: number,
  bytes: number,
  lastAt: number,
];

/** The feed's event `hello`, its first. Times are ms since the Unix epoch. */
export interface Hello {
  readonly runtime: string;
  readonly version: string;
  readonly node: string;
  readonly startedAt: number;
  readonly now: number;
  /** `full`: events may be watched and streams disconnected. */
  readonly access: "read" | "full";
  /** The last five minutes, oldest first. */
  readonly samples: readonly Sample[];
}

/** Counts since the server started, and what is held now. */
export interface Totals {
  readonly streams: number;
  readonly broadcasts: number;
  readonly deliveries: number;
  readonly bytes: number;
  readonly slow: number;
  readonly stalled: number;
  readonly kicked: number;
  readonly refused: number;
  readonly retainedBytes: number;
  readonly memoryBytes: number | null;
}

/** The feed's event `stats`, once a second. */
export interface Stats {
  readonly now: number;
  readonly sample: Sample;
  readonly engine: Status["engine"];
  readonly totals: Totals;
  readonly namespaces: readonly NamespaceRow[];
  /** How many namespaces are not listed. */
  readonly moreNamespaces: number;
}

/** The feed's event `missed`: events left out of the watch, for they come too fast. */
export interface Missed {
  readonly count: number;
}

/** What the page reads of `status.json`. */
export type StreamPage = Pick<Status, "total_connections" | "connections">;
