import { isLarge, PLACE_OF_SLOT, PLACES, SLOTS } from "./namespaces.ts";
import { hash, Random } from "./random.ts";

/** What is known of an event before it is published. */
export interface Planned {
  /** Index into {@linkcode PLACES}. */
  readonly place: number;
  /** Bytes of its filler. */
  readonly size: number;
  /** Where in {@linkcode FILLER} its filler starts. */
  readonly offset: number;
  /** Whether there is a line break in the middle of its filler. */
  readonly broken: boolean;
  /** Its name; most have none. */
  readonly name: string;
}

/** A message as `broadcast()` takes it. */
export interface Message {
  readonly namespace: string;
  readonly event: string;
  readonly data: string | Uint8Array;
}

/** Printable and without a line break, so that one event in two is a line of it. */
export const FILLER: Uint8Array = fillerOf(128 * 1024);

const NAMES = ["tick", "a rather long name of an event", ...Array(6).fill("")];

const OFFSETS = 16 * 1024;
const LARGEST = 100_000;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const TEXT = decoder.decode(FILLER);

/**
 * What is published as the `seq`th event. It follows from the seed alone, so that
 * the server need not report what it has published, nor anyone remember it.
 */
export function planned(seed: number, seq: number): Planned {
  const place = PLACE_OF_SLOT[hash(seed, 2 * seq) % SLOTS]!;
  const bits = hash(seed, 2 * seq + 1);
  return {
    place,
    size: sizeOf(bits, isLarge(PLACES[place]!)),
    offset: (bits >>> 8) % OFFSETS,
    broken: bits >>> 28 === 0,
    name: NAMES[(bits >>> 5) % NAMES.length]!,
  };
}

/** The same as a message: its data is its number and its filler. */
export function messageOf(seed: number, seq: number): Message {
  const { place, size, offset, broken, name } = planned(seed, seq);
  const half = broken ? size >> 1 : 0;
  const filler = TEXT.slice(offset, offset + size);
  const data = broken
    ? `${seq} ${filler.slice(0, half)}\n${filler.slice(half)}`
    : `${seq} ${filler}`;
  return {
    namespace: PLACES[place]!.namespace,
    event: name,
    // Text and bytes are encoded in two ways.
    data: size > 1_000 ? encoder.encode(data) : data,
  };
}

/** From tiny to 100 KB, most of them small. */
function sizeOf(bits: number, large: boolean): number {
  const part = (bits & 0xffff) / 0x10000;
  if (large) return 2_000 + Math.floor(part ** 3 * (LARGEST - 2_000));
  return part < 0.97
    ? Math.floor(part * 200)
    : Math.floor((part - 0.97) / 0.03 * 4_000);
}

function fillerOf(size: number): Uint8Array {
  const random = new Random(0);
  return Uint8Array.from({ length: size }, () => random.between(0x21, 0x7e));
}
