import { numberAt, startsWith } from "./bytes.ts";
import { difference, excerpt } from "./content.ts";
import type { Block } from "./event_blocks.ts";
import { PLACES } from "./namespaces.ts";
import type { Truth } from "./truth.ts";
import type { View } from "./view.ts";

/** What a checker has to know of the server. */
export interface Published {
  readonly truth: Truth;
  /** The epoch of all ids. */
  readonly epoch: string;
  /** The last event that may have been published by now. */
  readonly limit: number;
}

/** What a client was told and has received. */
export interface Tally {
  deliveries: number;
  /** Streams that went on where the last one had ended, without a gap. */
  resumed: number;
  /** `sse-gap` events by reason. */
  gaps: Record<string, number>;
  /** Events that it has not received and that lay within a gap. */
  bracketed: number;
  lost: number;
  repeated: number;
}

const DASH = 45;

/**
 * Checks what one client receives over all its connections: every event under
 * its namespaces, from its first `sse-open` on, exactly once and in order, unless
 * it lies within a gap that the client was told of.
 *
 * How: the truth knows for each event the how-manieth it is at or below a place.
 * So for each place that the client has asked for, the number of one event is that
 * of the one before plus one, or else the numbers between were bracketed. Every id
 * without an event, as in a keepalive, says that nothing up to it is missing, and
 * is held to that; so in the end it is enough that all have come to the last id.
 */
export class Checker {
  readonly tally: Tally = {
    deliveries: 0,
    resumed: 0,
    gaps: {},
    bracketed: 0,
    lost: 0,
    repeated: 0,
  };
  /** The place of the last id; -1 before the first. */
  cursor = -1;

  readonly #view: View;
  readonly #published: Published;
  readonly #fail: (why: string) => void;
  /** For each place of the view: the number of its last event that was accounted for. */
  readonly #seen: Uint32Array;
  /** For each of them: up to which number events may be missing. */
  readonly #excused: Uint32Array;
  /** Up to where events may be missing. */
  #gapTo = 0;
  /** The stream that there is now began with an id. */
  #hadId = false;
  #isOpen = false;
  #toldOfGap = false;
  /** Where a stream that is new must not begin before. */
  #present = 0;

  /** @param fail Told of everything that is not as promised. */
  constructor(view: View, published: Published, fail: (why: string) => void) {
    this.#view = view;
    this.#published = published;
    this.#fail = fail;
    this.#seen = new Uint32Array(view.places.length);
    this.#excused = new Uint32Array(view.places.length);
  }

  /** The id to come back with; `""` before the first. */
  get lastEventId(): string {
    return this.cursor === -1 ? "" : `${this.#published.epoch}-${this.cursor}`;
  }

  /** Takes note of a new connection; event `present` was published before it. */
  connect(present: number): void {
    this.#hadId = this.cursor !== -1;
    this.#isOpen = false;
    this.#toldOfGap = false;
    this.#present = present;
  }

  /** Takes the next block of the stream. */
  take(block: Block): void {
    const { bytes, idAt, idEnd, nameAt, nameEnd } = block;
    if (idAt === idEnd) {
      // Comments and `retry` alone.
      if (!block.hasData) return;
      this.#fail(`An event without an id: ${excerpt(block)}`);
      return;
    }
    const seq = this.#seqOf(bytes, idAt, idEnd);
    if (seq === -1) return;
    if (!block.hasData) this.#moveTo(seq, "A keepalive");
    else if (startsWith(bytes, nameAt, nameEnd, "sse-")) {
      this.#notice(block, seq);
    } else this.#event(block, seq);
  }

  /** Checks that everything up to an event has come or was bracketed. */
  settle(seq: number, what: string): void {
    const { truth } = this.#published;
    this.#view.places.forEach((place, member) => {
      this.#account(member, truth.count(place, seq), what, seq);
    });
  }

  #event(block: Block, seq: number): void {
    if (!this.#isOpen) this.#fail(`Event ${seq} came before sse-open`);
    if (seq <= this.cursor) {
      this.tally.repeated++;
      this.#fail(`Event ${seq} came again, or too late: after ${this.cursor}`);
      return;
    }
    const { truth } = this.#published;
    const event = truth.event(seq);
    const member = this.#view.memberOf[event.place]!;
    const { namespace } = PLACES[event.place]!;
    if (member === -1) {
      this.#fail(`Event ${seq} of ${namespace} was not asked for`);
      return;
    }
    const wrong = difference(block, seq, event);
    if (wrong !== undefined) {
      this.#fail(`Event ${seq} has another ${wrong}: ${excerpt(block)}`);
    }
    const number = truth.rank(seq, PLACES[this.#view.places[member]!]!.depth);
    this.#account(member, number - 1, `Event ${seq}`, seq);
    this.#seen[member] = number;
    this.tally.deliveries++;
    this.cursor = seq;
  }

  #notice(block: Block, seq: number): void {
    const { bytes, nameAt, nameEnd, data, dataAt, dataEnd } = block;
    const name = bytes.toString("latin1", nameAt, nameEnd);
    const content = JSON.parse(data.toString("utf8", dataAt, dataEnd));
    if (name === "sse-open") this.#open(seq, content.resumed);
    else if (name === "sse-gap") this.#gap(seq, content);
    else this.#fail(`An unexpected ${name}`);
  }

  #open(seq: number, resumed: unknown): void {
    if (this.#isOpen) this.#fail("A second sse-open");
    this.#isOpen = true;
    if (!this.#hadId) {
      if (resumed !== false) {
        this.#fail(`A new stream says resumed: ${resumed}`);
      }
      if (seq < this.#present) {
        this.#fail(`A new stream begins at ${seq}, before ${this.#present}`);
      }
      const { truth } = this.#published;
      this.#view.places.forEach((place, member) => {
        this.#seen[member] = truth.count(place, seq);
      });
      this.cursor = seq;
      return;
    }
    if (seq !== this.cursor) {
      this.#fail(`sse-open says ${seq} to one who left off at ${this.cursor}`);
    }
    if (resumed === this.#toldOfGap) {
      this.#fail(`sse-open says resumed: ${resumed} though it is not so`);
    }
    if (resumed === true) this.tally.resumed++;
    this.#moveTo(seq, "sse-open");
  }

  #gap(seq: number, gap: { from: string; to: string; reason: string }): void {
    const { gaps } = this.tally;
    gaps[gap.reason] = (gaps[gap.reason] ?? 0) + 1;
    this.#toldOfGap = true;
    const told = JSON.stringify(gap);
    if (!this.#hadId) this.#fail(`A gap for one who has never left: ${told}`);
    // The server has not started anew, and all ids are its own.
    if (gap.reason !== "trimmed" && gap.reason !== "lagged") {
      this.#fail(`A gap for no reason: ${told}`);
    }
    const from = this.#seqOfText(gap.from);
    const to = this.#seqOfText(gap.to);
    if (from === -1 || to === -1) return;
    this.settle(from, `The gap ${told}`);
    const { truth } = this.#published;
    const missed = this.#view.places.some((place) =>
      truth.count(place, to) > truth.count(place, from)
    );
    if (!missed) this.#fail(`A gap in which there was no event: ${told}`);
    this.#gapTo = Math.max(this.#gapTo, to);
    this.#view.places.forEach((place, member) => {
      this.#excused[member] = truth.count(place, this.#gapTo);
    });
    this.#moveTo(seq, `The gap ${told}`);
  }

  /** An id without an event: everything up to it has to be there. */
  #moveTo(seq: number, what: string): void {
    if (seq < this.cursor) {
      this.#fail(`${what} goes back from ${this.cursor} to ${seq}`);
      return;
    }
    this.settle(seq, what);
    this.cursor = seq;
  }

  /** Everything up to number `upTo` of a place has to have come or be excused. */
  #account(member: number, upTo: number, what: string, seq: number): void {
    const seen = this.#seen[member]!;
    if (upTo <= seen) return;
    const excused = Math.min(upTo, Math.max(seen, this.#excused[member]!));
    this.tally.bracketed += excused - seen;
    this.#seen[member] = upTo;
    if (excused === upTo) return;
    this.tally.lost += upTo - excused;
    const { namespace } = PLACES[this.#view.places[member]!]!;
    this.#fail(
      `${what}, at ${seq}, leaves out ${upTo - excused} of ${namespace}: ` +
        `numbers ${
          excused + 1
        } to ${upTo}, the last event having been ${this.cursor}`,
    );
  }

  #seqOfText(id: string): number {
    const bytes = new TextEncoder().encode(id);
    return this.#seqOf(bytes, 0, bytes.length);
  }

  /** The number in an id; -1, having failed, if it is none that can be. */
  #seqOf(bytes: Uint8Array, at: number, end: number): number {
    const { epoch, limit } = this.#published;
    const start = at + epoch.length + 1;
    const seq = numberAt(bytes, start, end);
    if (
      startsWith(bytes, at, end, epoch) && bytes[start - 1] === DASH &&
      seq >= 0 && seq <= limit
    ) return seq;
    const id = String.fromCharCode(
      ...bytes.subarray(at, Math.min(end, at + 80)),
    );
    this.#fail(`An id that was never given, up to ${epoch}-${limit}: ${id}`);
    return -1;
  }
}
