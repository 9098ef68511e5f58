import { type Gap, gapNotice, type GapReason, openNotice } from "../notice.ts";
import { SEGMENT_BYTES } from "../segment.ts";
import type { Bytes } from "../slab.ts";
import type { Chunk, Replay } from "./history.ts";
import type { Entries, Entry } from "./node.ts";
import { bodyOf, eventsAfter, firstAfter, latestAsOf } from "./select.ts";

/** What a replay needs of the history it is in. */
export interface ReplaySource {
  readonly epoch: string;
  /** The lists of those of the namespaces of which something is known. */
  lists(namespaces: readonly string[]): readonly Entries[];
  /** The highest place under the namespaces that was forgotten. */
  trimmed(namespaces: readonly string[]): number;
  /** Whether all of them have ended. */
  haveEnded(namespaces: readonly string[]): boolean;
  /**
   * Where a client goes on that lacks something after `from`: before the first
   * event that is still there; `told` is the last place that may be missing.
   */
  afterGap(
    namespaces: readonly string[],
    from: number,
  ): { readonly seq: number; readonly told: number };
  /** About how many bytes came after a place, of all namespaces. */
  bytesAfter(seq: number): number;
  /** Takes note that a client is told of a gap. */
  countGap(): void;
  /** Joins what has to be the same for everyone with this key; once, if it can. */
  joined(key: string, frames: readonly Bytes[]): Chunk;
}

/** Where a replay starts. */
export interface Start {
  readonly epoch: string;
  /** It goes on with what comes after this place. */
  readonly seq: number;
  /** The last place of which the client was told that it may be missing. */
  readonly told: number;
  /** The last message of each namespace comes first, and then `sse-open`. */
  readonly latest: boolean;
}

const encoder = new TextEncoder();

/** A {@linkcode Replay} in a bounded history. */
export class BoundedReplay implements Replay {
  readonly #source: ReplaySource;
  readonly #namespaces: readonly string[];
  readonly #wantsLatest: boolean;
  #state: Replay["state"] = "behind";
  #epoch: string;
  #seq: number;
  #told: number;
  #hasOpened: boolean;
  /** Place of the last one of the last messages that was sent; -1: they are done. */
  #latestTo: number;
  /** The event that was sent in part, and how many bytes of it. */
  #begun = 0;
  #offset = 0;

  constructor(
    source: ReplaySource,
    namespaces: readonly string[],
    { epoch, seq, told, latest }: Start,
  ) {
    this.#source = source;
    this.#namespaces = namespaces;
    this.#epoch = epoch;
    this.#seq = seq;
    this.#told = told;
    this.#wantsLatest = latest;
    this.#hasOpened = !latest;
    this.#latestTo = latest ? 0 : -1;
  }

  get state(): Replay["state"] {
    return this.#state;
  }

  get lag(): number {
    const { epoch } = this.#source;
    return this.#source.bytesAfter(epoch === this.#epoch ? this.#seq : 0);
  }

  next(): Chunk | undefined {
    const chunk = this.#missed() ?? this.#latest() ?? this.#events();
    if (this.#state === "behind") this.#state = this.#whereItStands();
    return chunk;
  }

  /** What tells of events that were forgotten before this came to them. */
  #missed(): Chunk | undefined {
    const { epoch } = this.#source;
    if (this.#offset > 0) {
      // What was forgotten since comes after the event that was begun, or is that one.
      return epoch === this.#epoch ? undefined : this.#outrun();
    }
    let reason: GapReason = "lagged";
    let base = this.#seq;
    if (epoch !== this.#epoch) {
      reason = "epoch";
      base = 0;
    } else if (
      this.#source.trimmed(this.#namespaces) <= Math.max(base, this.#told)
    ) return undefined;
    const from = `${this.#epoch}-${this.#seq}`;
    const { seq, told } = this.#source.afterGap(this.#namespaces, base);
    this.#epoch = epoch;
    this.#seq = seq;
    this.#told = told;
    const gap: Gap = { from, to: `${epoch}-${told}`, reason };
    if (this.#wantsLatest) this.#latestTo = 0;
    this.#source.countGap();
    return notice(gapNotice(`${epoch}-${seq}`, gap));
  }

  /** The next of the last messages; when there are no more, what follows them. */
  #latest(): Chunk | undefined {
    if (this.#latestTo === -1) return undefined;
    const latest = latestAsOf(
      this.#source.lists(this.#namespaces),
      this.#seq,
      this.#latestTo,
    );
    if (latest.length > 0) {
      return this.#hand(latest, bodyOf, `latest ${this.#seq}`, (seq) => {
        this.#latestTo = seq;
      });
    }
    if (this.#offset > 0) return this.#outrun();
    this.#latestTo = -1;
    if (this.#hasOpened) return undefined;
    this.#hasOpened = true;
    return notice(openNotice(`${this.#epoch}-${this.#seq}`, false));
  }

  #events(): Chunk | undefined {
    const lists = this.#source.lists(this.#namespaces);
    const events = eventsAfter(lists, this.#seq);
    if (events.length > 0) {
      return this.#hand(events, frameOf, "", (seq) => this.#seq = seq);
    }
    return this.#offset > 0 ? this.#outrun() : undefined;
  }

  /** Makes a chunk of events: joined, or a part of the first if that is long. */
  #hand(
    entries: readonly Entry[],
    bytesOf: (entry: Entry) => Bytes,
    kind: string,
    moveTo: (seq: number) => void,
  ): Chunk | undefined {
    const first = entries[0]!;
    if (this.#offset > 0 && first.seq !== this.#begun) return this.#outrun();
    const bytes = bytesOf(first);
    if (bytes.length > SEGMENT_BYTES) {
      const part = bytes.subarray(this.#offset, this.#offset + SEGMENT_BYTES);
      this.#begun = first.seq;
      this.#offset += part.length;
      if (this.#offset < bytes.length) return { bytes: part, events: 0 };
      this.#offset = 0;
      moveTo(first.seq);
      return { bytes: part, events: 1 };
    }
    const from = kind === "" ? this.#seq : this.#latestTo;
    const to = entries.at(-1)!.seq;
    moveTo(to);
    if (entries.length === 1) return { bytes, events: 1 };
    return this.#source.joined(
      `${kind} ${this.#epoch} ${from} ${to} ${this.#namespaces.join("\n")}`,
      entries.map(bytesOf),
    );
  }

  /** It holds no events, so it cannot go on with one that is not there any more. */
  #outrun(): undefined {
    this.#state = "outrun";
  }

  #whereItStands(): Replay["state"] {
    if (this.#latestTo >= 0 || this.#offset > 0) return "behind";
    const lists = this.#source.lists(this.#namespaces);
    if (firstAfter(lists, this.#seq) !== undefined) return "behind";
    return this.#source.haveEnded(this.#namespaces) ? "ended" : "present";
  }
}

function frameOf({ frame }: Entry): Bytes {
  return frame;
}

function notice(text: string): Chunk {
  return { bytes: encoder.encode(text), events: 0 };
}
