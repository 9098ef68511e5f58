import { formatId, parseId } from "../engine.ts";
import type { EngineRecord, Position } from "../engine.ts";
import {
  type Gap,
  gapNotice,
  type GapReason,
  isEnd,
  openNotice,
} from "../notice.ts";
import { seal } from "../segment.ts";
import { type Bytes, SlabEncoder } from "../slab.ts";
import type { HistoryBounds } from "./bounds.ts";
import {
  type Asked,
  type Beginning,
  type Chunk,
  type History,
  NO_HISTORY,
} from "./history.ts";
import type { Entries } from "./node.ts";
import { Remembered } from "./remembered.ts";
import { BoundedReplay, type ReplaySource } from "./replay.ts";
import { firstAfter } from "./select.ts";

/** What is counted of a history. */
export interface HistoryCounters {
  replays: number;
  gaps: number;
}

/** Pieces that are kept for the next who comes to the same place: 4 MiB of them. */
const SHARED_CHUNKS = 64;
/** Longest part of an unknown id that is repeated to the client that sent it. */
const SHOWN_ID = 64;

const encoder = new TextEncoder();

/** Where a client goes on, and what it has to be told. */
interface Resumption {
  readonly seq: number;
  /** The last place of which it is told that it may be missing. */
  readonly told: number;
  readonly resumed: boolean;
  readonly gap: Gap | undefined;
}

/**
 * Remembers events within bounds, gives them ids, and tells clients that come
 * back with one what they have missed.
 */
export class BoundedHistory implements History, ReplaySource {
  readonly enabled = true;
  readonly #now: () => number;
  readonly #counters: HistoryCounters;
  readonly #remembered: Remembered;
  readonly #slabs: SlabEncoder = new SlabEncoder();
  #epoch = "";
  #top = 0;
  #idStart = "";
  #keepAlive: Bytes | undefined;
  readonly #shared: Map<string, Chunk> = new Map();

  /** @param now Milliseconds since the Unix epoch. */
  constructor(
    bounds: HistoryBounds,
    now: () => number,
    counters: HistoryCounters,
  ) {
    this.#remembered = new Remembered(bounds);
    this.#now = now;
    this.#counters = counters;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get size(): { readonly messages: number; readonly bytes: number } {
    this.expire();
    const { messages, bytes } = this.#remembered;
    return { messages, bytes };
  }

  /** Moves a browser's id on without an event (WHATWG HTML 9.2.6). */
  get keepAlive(): Bytes {
    if (this.#epoch === "") return NO_HISTORY.keepAlive;
    return this.#keepAlive ??= encoder.encode(`id:${this.#id(this.#top)}\n\n`);
  }

  begin({ epoch, seq }: Position): string | undefined {
    const isNew = this.#epoch === "";
    const from = this.#id(this.#top);
    const reason = epoch === this.#epoch ? "trimmed" : "epoch";
    if (reason === "trimmed") {
      if (seq === this.#top) return undefined;
      this.#remembered.miss(seq);
    } else {
      this.#epoch = epoch;
      this.#idStart = `id:${epoch}-`;
      this.#shared.clear();
      this.#remembered.reset(seq);
    }
    this.#top = seq;
    this.#keepAlive = undefined;
    if (isNew) return undefined;
    const to = this.#id(seq);
    return gapNotice(to, { from, to, reason });
  }

  isNext({ epoch, seq }: Position): boolean {
    return epoch === this.#epoch && seq === this.#top + 1;
  }

  pass({ seq }: Position): void {
    this.#top = seq;
    this.#keepAlive = undefined;
  }

  add({ seq, namespace, body, at = Infinity }: EngineRecord): Bytes {
    this.#top = seq;
    this.#keepAlive = undefined;
    const frame = this.#slabs.encodeBefore(`${this.#idStart}${seq}\n`, body);
    this.#remembered.add(
      namespace,
      seq,
      frame,
      isEnd(body),
      // A clock that was ahead must not make all before it too old.
      Math.min(at, this.#now()),
    );
    return frame;
  }

  open({ namespaces, lastEventId, latest }: Asked): Beginning {
    this.expire();
    const { seq, told, resumed, gap } = lastEventId === ""
      ? this.#beginning(namespaces)
      : this.#resumption(namespaces, lastEventId);
    if (resumed) this.#counters.replays++;
    if (gap !== undefined) this.#counters.gaps++;
    const id = this.#id(seq);
    const missed = gap === undefined ? "" : gapNotice(id, gap);
    const open = openNotice(id, resumed);
    const latestFirst = latest && !resumed;
    const isPresent = !latestFirst && !this.haveEnded(namespaces) &&
      firstAfter(this.lists(namespaces), seq) === undefined;
    return {
      notices: latestFirst ? missed : missed + open,
      replay: isPresent ? undefined : new BoundedReplay(this, namespaces, {
        epoch: this.#epoch,
        seq,
        told,
        latest: latestFirst,
      }),
    };
  }

  hasSeenEnd({ namespaces, lastEventId }: Asked): boolean {
    this.expire();
    const end = this.#endOf(namespaces);
    if (end === 0) return false;
    const position = parseId(lastEventId);
    return position?.epoch === this.#epoch && position.seq >= end &&
      position.seq <= this.#top;
  }

  hasEnded(namespace: string): boolean {
    return this.haveEnded([namespace]);
  }

  expire(): void {
    this.#remembered.expire(this.#now());
  }

  // What follows is for the replays that go on in it.

  lists(namespaces: readonly string[]): readonly Entries[] {
    const lists: Entries[] = [];
    for (const namespace of namespaces) {
      const node = this.#remembered.node(namespace);
      if (node !== undefined) lists.push(node.entries);
    }
    return lists;
  }

  trimmed(namespaces: readonly string[]): number {
    return this.#remembered.trimmed(namespaces);
  }

  haveEnded(namespaces: readonly string[]): boolean {
    return this.#endOf(namespaces) > 0;
  }

  afterGap(
    namespaces: readonly string[],
    from: number,
  ): { seq: number; told: number } {
    const first = firstAfter(this.lists(namespaces), from);
    const seq = first === undefined ? this.#top : first.seq - 1;
    return { seq, told: Math.max(seq, this.trimmed(namespaces)) };
  }

  bytesAfter(seq: number): number {
    return this.#remembered.bytesAfter(seq);
  }

  countGap(): void {
    this.#counters.gaps++;
  }

  joined(key: string, frames: readonly Bytes[]): Chunk {
    let chunk = this.#shared.get(key);
    if (chunk === undefined) {
      // No more than a segment holds.
      chunk = seal(frames, frames.length)[0]!;
      this.#shared.set(key, chunk);
      if (this.#shared.size > SHARED_CHUNKS) {
        const [oldest] = this.#shared.keys();
        this.#shared.delete(oldest!);
      }
    }
    return chunk;
  }

  #id(seq: number): string {
    return formatId({ epoch: this.#epoch, seq });
  }

  /** Where the last of the namespaces ended; 0 if one of them has not. */
  #endOf(namespaces: readonly string[]): number {
    let end = 0;
    for (const namespace of namespaces) {
      const { endedAt = 0 } = this.#remembered.node(namespace) ?? {};
      if (endedAt === 0) return 0;
      end = Math.max(end, endedAt);
    }
    return end;
  }

  /** A new client begins in the present; or just before the end of what has ended. */
  #beginning(namespaces: readonly string[]): Resumption {
    const end = this.#endOf(namespaces);
    const seq = end === 0 ? this.#top : end - 1;
    const told = Math.max(seq, this.trimmed(namespaces));
    return { seq, told, resumed: false, gap: undefined };
  }

  #resumption(namespaces: readonly string[], lastEventId: string): Resumption {
    const position = parseId(lastEventId);
    let reason: GapReason | undefined;
    if (position === undefined) reason = "unknown";
    else if (position.epoch !== this.#epoch) reason = "epoch";
    else if (position.seq > this.#top) reason = "unknown";
    else if (this.trimmed(namespaces) > position.seq) reason = "trimmed";
    else {
      const { seq } = position;
      return { seq, told: seq, resumed: true, gap: undefined };
    }
    const base = reason === "trimmed" ? position!.seq : 0;
    const { seq, told } = this.afterGap(namespaces, base);
    const from = lastEventId.slice(0, SHOWN_ID);
    return {
      seq,
      told,
      resumed: false,
      gap: { from, to: this.#id(told), reason },
    };
  }
}
