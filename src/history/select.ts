import { SEGMENT_BYTES } from "../segment.ts";
import type { Bytes } from "../slab.ts";
import type { Entries, Entry } from "./node.ts";

/** Last messages that a stream begins with at most; the newest of them. */
const LATEST_MESSAGES = 1_000;
/** Their bytes, unless the newest alone has more. */
const LATEST_BYTES = 1024 * 1024;
/** Events that are looked at for them: anyone may ask, as often as they like. */
const LATEST_LOOKED_AT = 50_000;

const LF = 10;

/** What an event has behind its id. */
export function bodyOf({ frame }: Entry): Bytes {
  return frame.subarray(frame.indexOf(LF) + 1);
}

/** The first event after a place that is in any of the lists. */
export function firstAfter(
  lists: readonly Entries[],
  seq: number,
): Entry | undefined {
  let first: Entry | undefined;
  for (const list of lists) {
    const entry = list.firstAfter(seq);
    if (
      entry !== undefined && !(first !== undefined && first.seq < entry.seq)
    ) {
      first = entry;
    }
  }
  return first;
}

/**
 * The events after a place that are in any of the lists, in their order: as many
 * as go into a segment, and one at least.
 */
export function eventsAfter(
  lists: readonly Entries[],
  seq: number,
): readonly Entry[] {
  const events: Entry[] = [];
  let size = 0;
  const next = lists.map((list) => list.after(seq));
  for (;;) {
    let from = -1;
    let first: Entry | undefined;
    for (let i = 0; i < lists.length; i++) {
      const entry = upcoming(lists[i]!, next, i);
      if (entry === undefined || (first && first.seq < entry.seq)) continue;
      first = entry;
      from = i;
    }
    if (first === undefined) return events;
    size += first.frame.length;
    if (events.length > 0 && size > SEGMENT_BYTES) return events;
    events.push(first);
    next[from]!++;
  }
}

/** The entry at `next[i]` or after it that can be replayed. */
function upcoming(
  list: Entries,
  next: number[],
  i: number,
): Entry | undefined {
  for (; next[i]! < list.length; next[i]!++) {
    const entry = list.at(next[i]!)!;
    if (!entry.gone && !entry.expired) return entry;
  }
  return undefined;
}

/**
 * The last message of each namespace as things stood at a place, those after
 * `from` only: the first of them that go into a segment, and one at least.
 */
export function latestAsOf(
  lists: readonly Entries[],
  seq: number,
  from: number,
): readonly Entry[] {
  const looks = Math.ceil(LATEST_LOOKED_AT / Math.max(1, lists.length));
  const walks = lists.map((list) => new LatestWalk(list, seq, looks));
  // Newest first, so that no more are looked at than are sent.
  const latest: Entry[] = [];
  let bytes = 0;
  while (latest.length < LATEST_MESSAGES) {
    let newest: LatestWalk | undefined;
    for (const walk of walks) {
      if (walk.seq > (newest?.seq ?? 0)) newest = walk;
    }
    const entry = newest?.entry;
    if (entry === undefined || entry.seq <= from) break;
    bytes += entry.frame.length;
    if (latest.length > 0 && bytes > LATEST_BYTES) break;
    latest.push(entry);
    newest!.step();
  }
  return beginning(latest.reverse());
}

/** Goes back in a list, from one last message of a namespace to the next. */
class LatestWalk {
  /** Where it is; `undefined` at its end. */
  entry: Entry | undefined;
  readonly #list: Entries;
  readonly #asOf: number;
  readonly #end: number;
  #index: number;

  constructor(list: Entries, asOf: number, looks: number) {
    this.#list = list;
    this.#asOf = asOf;
    this.#index = list.after(asOf);
    this.#end = Math.max(list.head, this.#index - looks);
    this.step();
  }

  /** The place of its message; 0 at its end. */
  get seq(): number {
    return this.entry?.seq ?? 0;
  }

  step(): void {
    while (--this.#index >= this.#end) {
      const entry = this.#list.at(this.#index)!;
      if (entry.gone || entry.isEnd) continue;
      if (entry.next !== undefined && entry.next.seq <= this.#asOf) continue;
      this.entry = entry;
      return;
    }
    this.entry = undefined;
  }
}

/** As many as go into a segment, and one at least. */
function beginning(entries: readonly Entry[]): readonly Entry[] {
  let size = 0;
  const end = entries.findIndex(({ frame }, i) => {
    size += frame.length;
    return i > 0 && size > SEGMENT_BYTES;
  });
  return end === -1 ? entries : entries.slice(0, end);
}
