import { mergeSegments, type Segment, SEGMENT_BYTES } from "./segment.ts";

/**
 * A place in a channel's stream, and the segment that begins there. A reader
 * points to the link it takes next; the last link is empty and waits to be
 * filled.
 */
export interface Link {
  /** `undefined` at the end of the stream. */
  segment: Segment | undefined;
  next: Link | undefined;
  /** Bytes of the channel's stream before it. */
  readonly start: number;
  /** Events of the channel's stream before it. */
  readonly events: number;
  /** How many readers take it next. */
  readers: number;
  /** When it was filled, in the hub's active time (ms). */
  sealedAt: number;
}

/** Where a reader points that has ended: an old link would keep alive all after it. */
export const NOWHERE: Link = emptyLink(0, 0);

/** What all backlogs of a server retain; a segment in several of them counts once. */
export interface Retained {
  bytes: number;
}

/** What a link costs in memory besides its bytes, about. */
const LINK_COST = 128;

/**
 * Small segments are joined once this many have come: as many reads fewer for
 * everyone who is behind, and as many links.
 */
const MERGE_EVERY = 64;

/** The segments that some reader of a channel has yet to take. */
export class Backlog {
  readonly #retained: Retained;
  #front: Link = emptyLink(0, 0);
  #end: Link = this.#front;
  /** Links before it have been looked at for merging. */
  #merged: Link = this.#front;
  #unmerged = 0;
  /** Links before it have memory of their own. */
  #owned: Link = this.#front;

  constructor(retained: Retained) {
    this.#retained = retained;
  }

  /** The oldest place that a reader may point to. */
  get front(): Link {
    return this.#front;
  }

  /** The place of a reader that has taken everything. */
  get end(): Link {
    return this.#end;
  }

  /** Bytes between the slowest reader and the end. */
  get bytes(): number {
    return this.#end.start - this.#front.start;
  }

  /** Adds what was just sealed. */
  append(segment: Segment, now: number): void {
    const link = this.#end;
    link.segment = segment;
    link.sealedAt = now;
    this.#hold(segment);
    this.#end = link.next = emptyLink(
      link.start + segment.bytes.length,
      link.events + segment.events,
    );
    this.#unmerged++;
  }

  /** Lets go of what every reader has taken, and joins what is small. */
  tidy(): void {
    while (this.#front.readers === 0 && this.#front.next !== undefined) {
      const link = this.#front;
      this.#release(link.segment!);
      this.#front = link.next!;
      // Where the collector has moved a link to the old objects, it keeps alive what
      // it points to until these are collected: a chain of all that comes after it.
      link.segment = link.next = undefined;
    }
    // So would a link that is still held.
    if (this.#merged.start < this.#front.start) this.#merged = this.#front;
    if (this.#owned.start < this.#front.start) this.#owned = this.#front;
    for (; this.#owned.segment !== undefined; this.#owned = this.#owned.next!) {
      own(this.#owned.segment);
    }
    if (this.#unmerged >= MERGE_EVERY) this.#merge();
  }

  /**
   * Joins neighbouring small segments that nobody but this backlog holds, where
   * no reader stands between them. Each link is looked at about once.
   */
  #merge(): void {
    this.#unmerged = 0;
    let link = this.#merged;
    while (link.segment !== undefined) {
      const run = [link.segment];
      let size = link.segment.bytes.length;
      let next = link.next!;
      while (
        next.segment !== undefined && next.readers === 0 &&
        size + next.segment.bytes.length <= SEGMENT_BYTES &&
        link.segment.holders === 1 && next.segment.holders === 1
      ) {
        size += next.segment.bytes.length;
        run.push(next.segment);
        next = next.next!;
      }
      if (run.length > 1) {
        for (const segment of run) this.#release(segment);
        link.segment = mergeSegments(run);
        link.next = next;
        this.#hold(link.segment);
      }
      this.#merged = link;
      link = next;
    }
  }

  #hold(segment: Segment): void {
    if (segment.holders++ === 0) this.#retained.bytes += segment.bytes.length;
    this.#retained.bytes += LINK_COST;
  }

  #release(segment: Segment): void {
    if (--segment.holders === 0) this.#retained.bytes -= segment.bytes.length;
    this.#retained.bytes -= LINK_COST;
  }
}

/**
 * What is kept must not keep more than what is counted: a lone frame is a view of
 * a slab that many share, a part of a large one a view of the whole.
 */
function own(segment: Segment): void {
  const { bytes } = segment;
  if (bytes.length * 2 < bytes.buffer.byteLength) segment.bytes = bytes.slice();
}

function emptyLink(start: number, events: number): Link {
  return {
    segment: undefined,
    next: undefined,
    start,
    events,
    readers: 0,
    sealedAt: 0,
  };
}
