import type { Accepted, Ledger } from "./ledger.ts";
import { compare, type Place, placeOf } from "./place.ts";

/** An event of a stream. */
export interface Heard {
  /** `""` without one. */
  readonly id: string;
  /** `""` without one. */
  readonly name: string;
  /** `undefined` without any. */
  readonly data: string | undefined;
}

/** A stretch in which events may be missing. */
interface Gap {
  readonly from: Place;
  readonly to: Place;
}

/**
 * Takes note of what one client hears over all its connections, to whichever server,
 * and judges it in the end: each event under its namespaces exactly once and in
 * order, unless it lies within a gap that the client was told of.
 */
export class Witness {
  readonly namespaces: readonly string[];
  /** The id to come back with; `""` before the first. */
  lastEventId = "";
  readonly gaps: Record<string, number> = {};
  received = 0;

  readonly #ledger: Ledger;
  readonly #fail: (why: string) => void;
  #start: Place | undefined;
  #cursor: Place | undefined;
  readonly #places: Place[] = [];
  readonly #told: Gap[] = [];

  constructor(
    namespaces: readonly string[],
    ledger: Ledger,
    fail: (why: string) => void,
  ) {
    this.namespaces = namespaces;
    this.#ledger = ledger;
    this.#fail = fail;
  }

  /** Whether it has come to a place. */
  hasReached(place: Place): boolean {
    return this.#cursor !== undefined && compare(this.#cursor, place) >= 0;
  }

  /** Takes the next event of its stream. */
  hear({ id, name, data }: Heard): void {
    if (id === "") {
      if (data !== undefined) this.#fail(`An event without an id: ${data}`);
      return;
    }
    const place = placeOf(id);
    if (name === "sse-open") this.#start ??= place;
    else if (name === "sse-gap") this.#gap(JSON.parse(data!));
    else if (data !== undefined) this.#event(id, place, data);
    if (this.#cursor !== undefined && compare(place, this.#cursor) < 0) {
      this.#fail(
        `${name || "An id"} goes back from ${this.lastEventId} to ${id}`,
      );
    }
    this.#cursor = place;
    this.lastEventId = id;
  }

  /** Judges what it has heard of what was accepted, which is in order. */
  judge(accepted: readonly Accepted[]): { missing: number; excused: number } {
    let missing = 0;
    let excused = 0;
    let at = 0;
    for (const { place, namespace, key } of accepted) {
      if (!this.#hears(namespace)) continue;
      if (this.#start === undefined || compare(place, this.#start) <= 0) {
        continue;
      }
      if (compare(place, this.#cursor!) > 0) break;
      while (
        at < this.#places.length && compare(this.#places[at]!, place) < 0
      ) at++;
      if (at < this.#places.length && compare(this.#places[at]!, place) === 0) {
        continue;
      }
      const isExcused = this.#told.some(({ from, to }) =>
        compare(place, from) > 0 && compare(place, to) <= 0
      );
      if (isExcused) excused++;
      else {
        missing++;
        this.#fail(
          `${key} is missing, at ${place.epoch.toString(36)}-${place.seq}`,
        );
      }
    }
    return { missing, excused };
  }

  #event(id: string, place: Place, data: string): void {
    if (this.#cursor === undefined) this.#fail(`${id} came before sse-open`);
    else if (compare(place, this.#cursor) <= 0) {
      this.#fail(`${id} came again, or too late: after ${this.lastEventId}`);
    }
    const [name, n, namespace = ""] = data.split(" ", 3);
    this.#ledger.seen(`${name} ${n}`, namespace, id);
    if (!this.#hears(namespace)) {
      this.#fail(`${id} of ${namespace} was not asked for`);
    }
    this.received++;
    this.#places.push(place);
  }

  #gap(
    { from, to, reason }: { from: string; to: string; reason: string },
  ): void {
    this.gaps[reason] = (this.gaps[reason] ?? 0) + 1;
    this.#told.push({ from: placeOf(from), to: placeOf(to) });
  }

  #hears(namespace: string): boolean {
    return this.namespaces.some((asked) =>
      asked === "/" || namespace === asked || namespace.startsWith(`${asked}/`)
    );
  }
}
