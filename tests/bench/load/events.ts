import type { Body } from "./chunks.ts";
import type { Latencies } from "./latencies.ts";

/** At the start of a line. */
const LINE = 0;
// 1 to 4: so many bytes of `data:` have come.
/** After the colon, where one space means nothing. */
const VALUE = 5;
const SEQ_START = 6;
const SEQ = 7;
const STAMP_START = 8;
const STAMP = 9;
/** Up to the end of a line that has nothing more to say. */
const REST = 10;
/** At the start of a line, unless a LF comes that belongs to the last one. */
const AFTER_CR = 11;

const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
const DATA = new TextEncoder().encode("data:");
const [D, A, T, , COLON] = DATA as unknown as [
  number,
  number,
  number,
  number,
  number,
];

/**
 * Most events are `data:` and 8 digits, a space and 12 digits, and two LF: where
 * these lie, as such ones are taken without looking at each byte for what it is.
 */
const USUAL = { seq: 5, space: 13, high: 14, low: 20, end: 26, size: 28 };
const MILLION = 1e6;

/** Digits that are added up as small integers, which is faster than as doubles. */
const GROUP = 8;
const POWERS = Float64Array.from({ length: GROUP + 1 }, (_, i) => 10 ** i);

// Where the numbers of a checker lie.
const TO_COME = 0;
const CURRENT_SEQ = 1;
const CURRENT_STAMP = 2;
const LAST = 3;
const EVENTS = 4;
const LOST = 5;
const REPEATED = 6;

/**
 * Checks the events of one stream: `data:<seq> <stamp>`, whatever else they have,
 * of which each `seq` has to be one above the last. An event without counts for
 * nothing.
 *
 * One loop over the bytes, which keeps its state wherever they are cut, and makes
 * no object: not so much as a number, as one beyond 31 bits may be an object if it
 * is kept in a field. So all of them lie in a typed array.
 */
export class EventChecker implements Body {
  readonly #latencies: Latencies;
  readonly #numbers: Float64Array = new Float64Array(7);
  #state = LINE;
  /** The last digits of a number that is to come, and how many they are. */
  #group = 0;
  #places = 0;
  /** Whether the current event has had its numbers. */
  #hasNumbers = false;

  constructor(latencies: Latencies) {
    this.#latencies = latencies;
    this.#numbers[LAST] = -1;
  }

  get events(): number {
    return this.#numbers[EVENTS]!;
  }

  get lost(): number {
    return this.#numbers[LOST]!;
  }

  get repeated(): number {
    return this.#numbers[REPEATED]!;
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#state === SEQ || this.#state === STAMP) {
        at = this.#digits(bytes, at, end);
        continue;
      }
      if (this.#state === LINE && !this.#hasNumbers) {
        at = this.#usual(bytes, at, end);
        if (at === end) break;
      }
      at = this.#text(bytes, at, end);
    }
  }

  /** Takes events of the usual form; returns where one begins that is not. */
  #usual(bytes: Uint8Array, start: number, end: number): number {
    const { seq, space, high, low, end: lineEnd, size } = USUAL;
    let at = start;
    for (; at + size <= end; at += size) {
      if (
        bytes[at] !== D || bytes[at + 1] !== A || bytes[at + 2] !== T ||
        bytes[at + 3] !== A || bytes[at + 4] !== COLON ||
        bytes[at + space] !== SPACE || bytes[at + lineEnd] !== LF ||
        bytes[at + lineEnd + 1] !== LF
      ) break;
      const number = digits(bytes, at + seq, at + space);
      const upper = digits(bytes, at + high, at + low);
      const lower = digits(bytes, at + low, at + lineEnd);
      if ((number | upper | lower) < 0) break;
      this.#count(number, upper * MILLION + lower);
    }
    return at;
  }

  /** Takes what is no number; returns where a number starts or nothing more is. */
  #text(bytes: Uint8Array, start: number, end: number): number {
    let state = this.#state;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === LF || byte === CR) {
        at++;
        if (byte === LF && state === AFTER_CR) state = LINE;
        else {
          if (state === LINE || state === AFTER_CR) this.#event();
          state = byte === LF ? LINE : AFTER_CR;
        }
      } else if (state < VALUE) {
        // The first line of data that has numbers is the one that counts.
        state = byte === DATA[state] && !this.#hasNumbers ? state + 1 : REST;
        at++;
      } else if (state === REST) at++;
      else if (state === AFTER_CR) state = LINE;
      else if (state === VALUE) {
        if (byte === SPACE) at++;
        state = SEQ_START;
      } else if (byte >= ZERO && byte <= ZERO + 9) {
        this.#state = state === SEQ_START ? SEQ : STAMP;
        return at;
      } else state = REST;
    }
    this.#state = state;
    return at;
  }

  /** Takes digits; returns where they end. */
  #digits(bytes: Uint8Array, start: number, end: number): number {
    const numbers = this.#numbers;
    let group = this.#group;
    let places = this.#places;
    let at = start;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      group = group * 10 + digit;
      if (++places < GROUP) continue;
      numbers[TO_COME] = numbers[TO_COME]! * POWERS[GROUP]! + group;
      group = places = 0;
    }
    this.#group = group;
    this.#places = places;
    return at < end ? this.#number(bytes[at]!, at) : at;
  }

  /** A number has ended at `at`; returns where to go on. */
  #number(next: number, at: number): number {
    const numbers = this.#numbers;
    const number = numbers[TO_COME]! * POWERS[this.#places]! + this.#group;
    numbers[TO_COME] = 0;
    this.#group = this.#places = 0;
    if (this.#state === STAMP) {
      numbers[CURRENT_STAMP] = number;
      this.#hasNumbers = true;
      this.#state = REST;
    } else if (next === SPACE) {
      numbers[CURRENT_SEQ] = number;
      this.#state = STAMP_START;
      return at + 1;
    } else this.#state = REST;
    return at;
  }

  /** An event has ended. */
  #event(): void {
    if (!this.#hasNumbers) return;
    this.#hasNumbers = false;
    this.#count(this.#numbers[CURRENT_SEQ]!, this.#numbers[CURRENT_STAMP]!);
  }

  #count(seq: number, stamp: number): void {
    const numbers = this.#numbers;
    const last = numbers[LAST]!;
    numbers[EVENTS]!++;
    if (seq <= last) numbers[REPEATED]!++;
    else {
      // A stream may begin anywhere.
      if (last >= 0) numbers[LOST]! += seq - last - 1;
      numbers[LAST] = seq;
    }
    this.#latencies.record(stamp);
  }
}

/** A number of up to 8 digits, negative where there is something else. */
function digits(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
