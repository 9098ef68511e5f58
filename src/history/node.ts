import type { Bytes } from "../slab.ts";
import { EntryList, type Listed } from "./entries.ts";

/** An event that is remembered. */
export interface Entry extends Listed {
  /** When it came, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** As it is on the wire. Replaced by a copy where it keeps too much alive. */
  frame: Bytes;
  /** Nothing comes to its namespace after it, unless it does after all. */
  readonly isEnd: boolean;
  /** Its namespace. */
  readonly node: HistoryNode;
  /** Bytes of all events that were ever remembered before it. */
  readonly before: number;
  /** The next event of the same namespace. */
  next: Entry | undefined;
  expired: boolean;
  gone: boolean;
}

/** What came to a namespace and below it, in order. */
export type Entries = EntryList<Entry>;

/** A node of which nothing is left, in a list of them. */
export interface BareNode extends Listed {
  readonly node: HistoryNode;
  gone: boolean;
}

/** What is remembered of a namespace and of all below it. */
export class HistoryNode {
  /** Normalised. */
  readonly namespace: string;
  /** One level up; `undefined` for the root. */
  readonly parent: HistoryNode | undefined;
  /** Nodes one level down. */
  children = 0;
  /** What came to it or below it. */
  readonly entries: Entries = new EntryList();
  /** The first of its own; each knows the next. */
  oldest: Entry | undefined;
  /** The last of its own. */
  newest: Entry | undefined;
  /** How much of the budget its own take up. */
  weight = 0;
  /** The highest place at or below it that was forgotten. */
  trimmed: number;
  /** The same, of namespaces below it that have no node any more. */
  folded: number;
  /** Where it ended; 0 as long as it goes on. */
  endedAt = 0;
  /** Its place among those that hold nothing; `undefined` while it does. */
  bare: BareNode | undefined;
  /** Its place among those that hold something; see {@linkcode Holders}. */
  rank = -1;
  /** How it compares to others there. */
  level = 0;

  constructor(namespace: string, parent: HistoryNode | undefined) {
    this.namespace = namespace;
    this.parent = parent;
    // It may have had a node before.
    this.trimmed = this.folded = parent?.folded ?? 0;
    if (parent !== undefined) parent.children++;
  }

  /** Whether it is of no use but for what it knows of the forgotten. */
  get isBare(): boolean {
    return this.children === 0 && this.oldest === undefined;
  }
}
