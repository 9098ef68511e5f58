import type { Buffer } from "node:buffer";
import { numberAt, startsWith } from "./bytes.ts";
import type { Block } from "./event_blocks.ts";
import { FILLER, type Planned } from "./schedule.ts";

/** So many bytes are compared faster here than by a call. */
const SHORT = 128;

const LF = 10;
const SPACE = 32;

/** In what an event differs from what was published; `undefined`: in nothing. */
export function difference(
  block: Block,
  seq: number,
  event: Planned,
): string | undefined {
  const { bytes, nameAt, nameEnd, data, dataAt, dataEnd } = block;
  const { name, size, offset, broken } = event;
  if (
    nameEnd - nameAt !== name.length ||
    !startsWith(bytes, nameAt, nameEnd, name)
  ) return "name";
  let at = data.indexOf(SPACE, dataAt);
  if (at === -1 || at > dataEnd || numberAt(data, dataAt, at) !== seq) {
    return "number";
  }
  at++;
  if (dataEnd - at !== size + Number(broken)) return "length";
  const half = broken ? size >> 1 : 0;
  if (broken && data[at + half] !== LF) return "line break";
  const second = at + half + Number(broken);
  return same(data, at, at + half, offset) &&
      same(data, second, dataEnd, offset + half)
    ? undefined
    : "content";
}

function same(data: Buffer, at: number, end: number, offset: number): boolean {
  const size = end - at;
  if (size > SHORT) {
    // Not compare(), which in Deno 2.9 checks a range against the other buffer.
    return data.subarray(at, end)
      .equals(FILLER.subarray(offset, offset + size));
  }
  for (let i = 0; i < size; i++) {
    if (data[at + i] !== FILLER[offset + i]) return false;
  }
  return true;
}

/** What to show of a block that is not as it should be. */
export function excerpt(
  { bytes, data, dataAt, dataEnd, idAt, idEnd }: Block,
): string {
  const id = bytes.toString("utf8", idAt, idEnd);
  const start = data.toString("utf8", dataAt, Math.min(dataEnd, dataAt + 80));
  return JSON.stringify({ id, data: start });
}
