import type { Bytes } from "./slab.ts";

/**
 * How many bytes are joined at most, and handed to a connection in one piece; a
 * longer frame is handed over in views of that size, so that a slow link makes
 * progress that can be seen.
 *
 * The more the better, as a write to a socket costs the kernel as much as some
 * 50 KB in it do. But the largest packet that it handles in one go, on loopback as
 * for a network card that cuts it up, has 64 KiB with its headers: one byte more
 * and a write costs nearly twice. The HTTP chunk's framing has to fit in too, and
 * Deno splits chunks of more than 64 KiB.
 */
export const SEGMENT_BYTES: number = 63 * 1024;

/** Frames joined for sending: made once and shared by everyone who hears them. */
export interface Segment {
  bytes: Bytes;
  /** How many events end in it. */
  readonly events: number;
  /** How many channels keep it for readers that are behind. */
  holders: number;
}

/** Joins the first `count` frames, in order, into segments. */
export function seal(frames: readonly Bytes[], count: number): Segment[] {
  if (count === 1 && frames[0]!.length <= SEGMENT_BYTES) {
    return [join(frames, 0, 1, frames[0]!.length)];
  }
  const segments: Segment[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < count; i++) {
    const { length } = frames[i]!;
    if (size > 0 && size + length > SEGMENT_BYTES) {
      segments.push(join(frames, from, i, size));
      from = i;
      size = 0;
    }
    if (length > SEGMENT_BYTES) {
      pushViews(segments, frames[i]!);
      from = i + 1;
    } else {
      size += length;
    }
  }
  if (size > 0) segments.push(join(frames, from, count, size));
  return segments;
}

function join(
  frames: readonly Bytes[],
  from: number,
  to: number,
  size: number,
): Segment {
  // A lone frame needs no copy.
  if (to - from === 1) return { bytes: frames[from]!, events: 1, holders: 0 };
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let i = from; i < to; i++) {
    const frame = frames[i]!;
    bytes.set(frame, at);
    at += frame.length;
  }
  return { bytes, events: to - from, holders: 0 };
}

function pushViews(segments: Segment[], frame: Bytes): void {
  for (let at = 0; at < frame.length; at += SEGMENT_BYTES) {
    segments.push({
      bytes: frame.subarray(at, at + SEGMENT_BYTES),
      events: at + SEGMENT_BYTES >= frame.length ? 1 : 0,
      holders: 0,
    });
  }
}

/** Joins neighbouring segments into one. */
export function mergeSegments(segments: readonly Segment[]): Segment {
  let size = 0;
  let events = 0;
  for (const segment of segments) {
    size += segment.bytes.length;
    events += segment.events;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const segment of segments) {
    bytes.set(segment.bytes, at);
    at += segment.bytes.length;
  }
  return { bytes, events, holders: 0 };
}
