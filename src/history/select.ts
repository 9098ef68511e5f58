import { isEnd } from "../notice.ts";
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
  const latest: Entry[] = [];
  const looks = Math.ceil(LATEST_LOOKED_AT / Math.max(1, lists.length));
  for (const list of lists) {
    const end = list.after(seq);
    const start = Math.max(list.head, end - looks);
    for (let i = end - 1; i >= start; i--) {
      const entry = list.at(i)!;
      if (entry.gone || (entry.next && entry.next.seq <= seq)) continue;
      if (!isEnd(bodyOf(entry))) latest.push(entry);
      if (latest.length >= lists.length * LATEST_MESSAGES) break;
    }
  }
  latest.sort((a, b) => b.seq - a.seq);
  const sent: Entry[] = [];
  let bytes = 0;
  for (const entry of latest) {
    bytes += entry.frame.length;
    if (sent.length === LATEST_MESSAGES) break;
    if (sent.length > 0 && bytes > LATEST_BYTES) break;
    sent.push(entry);
  }
  return beginning(sent.reverse().filter((entry) => entry.seq > from));
}

function beginning(entries: readonly Entry[]): readonly Entry[] {
  let size = 0;
  const end = entries.findIndex(({ frame }, i) => {
    size += frame.length;
    return i > 0 && size > SEGMENT_BYTES;
  });
  return end === -1 ? entries : entries.slice(0, end);
}
