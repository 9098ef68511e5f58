import { parentOf, ROOT } from "../namespace.ts";
import type { Bytes } from "../slab.ts";
import type { HistoryBounds } from "./bounds.ts";
import { Holders } from "./holders.ts";
import { EntryList } from "./entries.ts";
import { type BareNode, type Entry, HistoryNode } from "./node.ts";

/**
 * Namespaces without an event of which it is known by themselves up to where they
 * were forgotten; with more, the longest forgotten are folded into the one above.
 */
const BARE_NODES = 10_000;
/** Bytes forgotten after which memory is looked through, at least. */
const TIDY_BYTES = 256 * 1024;
/** What is left of an event that is forgotten: lists may name it for a while. */
const NOTHING: Bytes = new Uint8Array(0);

/**
 * The events that are remembered, in their order, by namespace. One budget for
 * all: over it, the namespace that holds most loses its oldest, so that a busy
 * one cannot make a quiet one's events go.
 *
 * Every event is listed once a level of its namespace. So what anyone hears of
 * is a list at hand, whatever else is remembered.
 */
export class Remembered {
  readonly #bounds: HistoryBounds;
  /** What an event takes of the budget besides its bytes. */
  readonly #perMessage: number;
  readonly #nodes: Map<string, HistoryNode> = new Map();
  #root: HistoryNode;
  #holders: Holders = new Holders();
  /**
   * Namespaces with nothing left, longest forgotten first. No Set: V8 finds the
   * first of one by going through all that were deleted before it.
   */
  #bare: EntryList<BareNode> = new EntryList();
  #bareNodes = 0;
  #messages = 0;
  #bytes = 0;
  /** Bytes of all events that there ever were. */
  #everBytes = 0;
  /** Place up to which nothing is left, or is too old. */
  #expiredTo = 0;
  /** When the next event becomes too old. */
  #expiresAt = Infinity;
  #forgottenBytes = 0;
  /** Up to here, events may be missing whose namespaces are not known. */
  #floor = 0;

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds;
    this.#perMessage = Math.ceil(bounds.bytes / bounds.messages);
    this.#root = this.#nodeOf(ROOT);
  }

  /** How many events there are. */
  get messages(): number {
    return this.#messages;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins anew, in an order of which everything up to `floor` is missing. */
  reset(floor: number): void {
    this.#nodes.clear();
    this.#bare = new EntryList();
    this.#bareNodes = 0;
    this.#holders = new Holders();
    this.#root = this.#nodeOf(ROOT);
    this.#messages = this.#bytes = this.#forgottenBytes = 0;
    this.#expiresAt = Infinity;
    this.#expiredTo = 0;
    this.#floor = floor;
  }

  /** Takes note that what has not been added up to a place never comes. */
  miss(upTo: number): void {
    this.#floor = upTo;
  }

  /** Adds the next event; `isEnd` where it ends its namespace. */
  add(
    namespace: string,
    seq: number,
    frame: Bytes,
    isEnd: boolean,
    now: number,
  ): void {
    const node = this.#nodeOf(namespace);
    const { newest } = node;
    const entry: Entry = {
      seq,
      at: now,
      frame,
      isEnd,
      node,
      before: this.#everBytes,
      next: undefined,
      expired: false,
      gone: false,
    };
    if (newest === undefined) {
      node.oldest = entry;
      this.#clothe(node);
    } else newest.next = entry;
    node.newest = entry;
    for (let at: HistoryNode | undefined = node; at; at = at.parent) {
      at.entries.push(entry);
      // Whoever heard that one above has ended would miss this.
      if (!isEnd) at.endedAt = 0;
    }
    if (isEnd) node.endedAt = seq;
    this.#messages++;
    this.#bytes += frame.length;
    this.#everBytes += frame.length;
    node.weight += frame.length + this.#perMessage;
    // It was kept for being the last.
    if (newest?.expired) this.#forget(newest);
    else this.#holders.update(node);
    this.#expiresAt = Math.min(this.#expiresAt, now + this.#bounds.age);
    this.expire(now);
    this.#keepWithinBudget();
  }

  /**
   * Forgets what is too old. The last event of a namespace stays, for those who
   * ask for it alone.
   */
  expire(now: number): void {
    if (now < this.#expiresAt) return;
    const limit = now - this.#bounds.age;
    this.#expiresAt = Infinity;
    // What goes may rearrange the list, so each is looked for by its place.
    for (;;) {
      const entry = this.#nextToExpire();
      if (entry === undefined) break;
      if (entry.at > limit) {
        this.#expiresAt = entry.at + this.#bounds.age;
        break;
      }
      this.#expiredTo = entry.seq;
      const { node } = entry;
      if (entry.next !== undefined || entry.isEnd) {
        this.#forget(entry);
      } else {
        entry.expired = true;
        this.#markTrimmed(node, entry.seq);
      }
    }
  }

  #nextToExpire(): Entry | undefined {
    const { entries } = this.#root;
    for (let i = entries.after(this.#expiredTo); i < entries.length; i++) {
      const entry = entries.at(i)!;
      if (!entry.gone) return entry;
    }
    return undefined;
  }

  /** The node of a namespace, if something is known of it. */
  node(namespace: string): HistoryNode | undefined {
    return this.#nodes.get(namespace);
  }

  /** The highest place at or below any of the namespaces that was forgotten. */
  trimmed(namespaces: readonly string[]): number {
    let highest = this.#floor;
    for (const namespace of namespaces) {
      const trimmed = this.#nodes.get(namespace)?.trimmed ??
        this.#foldedAbove(namespace);
      if (trimmed > highest) highest = trimmed;
    }
    return highest;
  }

  /** Bytes that came after a place, or after what is forgotten; of all namespaces. */
  bytesAfter(seq: number): number {
    const { entries } = this.#root;
    const first = entries.at(entries.after(seq));
    return first === undefined ? 0 : this.#everBytes - first.before;
  }

  #foldedAbove(namespace: string): number {
    let above = parentOf(namespace);
    while (above !== undefined) {
      const node = this.#nodes.get(above);
      if (node !== undefined) return node.folded;
      above = parentOf(above);
    }
    return 0;
  }

  #nodeOf(namespace: string): HistoryNode {
    let node = this.#nodes.get(namespace);
    if (node === undefined) {
      const above = parentOf(namespace);
      const parent = above === undefined ? undefined : this.#nodeOf(above);
      if (parent !== undefined) this.#clothe(parent);
      node = new HistoryNode(namespace, parent);
      this.#nodes.set(namespace, node);
    }
    return node;
  }

  #keepWithinBudget(): void {
    const { messages, bytes } = this.#bounds;
    while (this.#messages > messages || this.#bytes > bytes) {
      this.#forget(this.#holders.most!.oldest!);
    }
  }

  /** Forgets an event, which has to be the oldest of its namespace. */
  #forget(entry: Entry): void {
    const { node, seq, frame } = entry;
    entry.gone = true;
    node.oldest = entry.next;
    if (entry.next === undefined) node.newest = undefined;
    entry.next = undefined;
    entry.frame = NOTHING;
    if (node.endedAt === seq) node.endedAt = 0;
    this.#messages--;
    this.#bytes -= frame.length;
    node.weight -= frame.length + this.#perMessage;
    this.#holders.update(node);
    for (let at: HistoryNode | undefined = node; at; at = at.parent) {
      at.entries.noteGone();
    }
    this.#markTrimmed(node, seq);
    if (node.isBare) this.#bared(node);
    // One that goes may leave the one above bare, and so on for all of them: no recursion.
    while (this.#bareNodes > BARE_NODES) {
      this.#fold(this.#bare.at(this.#bare.head)!.node);
    }
    this.#forgottenBytes += frame.length;
    if (
      this.#forgottenBytes > Math.max(TIDY_BYTES, this.#bounds.bytes / 4)
    ) this.#tidy();
  }

  #markTrimmed(node: HistoryNode, seq: number): void {
    for (let at: HistoryNode | undefined = node; at; at = at.parent) {
      if (at.trimmed < seq) at.trimmed = seq;
    }
  }

  /** Takes note that a node has nothing left. */
  #bared(node: HistoryNode): void {
    if (node.parent === undefined) return;
    node.bare = { node, seq: 0, expired: false, gone: false };
    this.#bare.push(node.bare);
    this.#bareNodes++;
  }

  /** Takes note that a node is of use again, or is not there any more. */
  #clothe(node: HistoryNode): void {
    if (node.bare === undefined) return;
    node.bare.gone = true;
    node.bare = undefined;
    this.#bareNodes--;
    this.#bare.noteGone();
  }

  /**
   * Removes a bare node; what it knows goes to the one above, and with it further up
   * where nothing newer is known there: later, as many would have to go in one turn.
   */
  #fold(node: HistoryNode): void {
    for (;;) {
      const parent = node.parent!;
      this.#clothe(node);
      this.#nodes.delete(node.namespace);
      parent.folded = Math.max(parent.folded, node.trimmed);
      parent.children--;
      if (!parent.isBare || parent.parent === undefined) return;
      if (parent.trimmed > node.trimmed) return this.#bared(parent);
      node = parent;
    }
  }

  /**
   * Copies what is left of memory of which most was forgotten: short events
   * share slabs, and one that stays would keep all its neighbours.
   */
  #tidy(): void {
    this.#forgottenBytes = 0;
    const { entries } = this.#root;
    let neighbours: Entry[] = [];
    for (let i = entries.head; i < entries.length; i++) {
      const entry = entries.at(i)!;
      if (entry.gone) continue;
      if (neighbours[0]?.frame.buffer !== entry.frame.buffer) {
        own(neighbours);
        neighbours = [];
      }
      neighbours.push(entry);
    }
    // The last ones share a slab that is still being filled.
  }
}

function own(neighbours: readonly Entry[]): void {
  let used = 0;
  for (const { frame } of neighbours) used += frame.length;
  if (neighbours.length === 0) return;
  if (used * 2 >= neighbours[0]!.frame.buffer.byteLength) return;
  for (const entry of neighbours) entry.frame = entry.frame.slice();
}
