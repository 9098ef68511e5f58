import { BoundedHistory } from "../../src/history/bounded.ts";
import type { HistoryBounds } from "../../src/history/bounds.ts";
import type { Chunk, Replay } from "../../src/history/history.ts";
import { decode } from "./hub_fixture.ts";

const encoder = new TextEncoder();
/** In milliseconds. */
export const MINUTE = 60_000;
/** Bounds that no test comes to. */
export const NO_BOUNDS: HistoryBounds = {
  messages: 1_000_000,
  bytes: 1_000_000_000,
  age: 1_000 * MINUTE,
};

/** A history with a time that a test sets. */
export class HistoryFixture {
  readonly history: BoundedHistory;
  readonly counters = { replays: 0, gaps: 0 };
  now = 0;
  #seq = 0;

  constructor(bounds: Partial<HistoryBounds> = {}) {
    this.history = new BoundedHistory(
      { ...NO_BOUNDS, ...bounds },
      () => this.now,
      this.counters,
    );
    this.history.begin({ epoch: "e", seq: 0 });
  }

  /** Remembers an event; returns its id. */
  add(namespace: string, data = "x"): string {
    const seq = ++this.#seq;
    this.#deliver("e", seq, namespace, data);
    return `e-${seq}`;
  }

  /** The same in another place; returns what those who are live are told. */
  addAt(epoch: string, seq: number, namespace: string): string | undefined {
    const told = this.history.isNext({ epoch, seq })
      ? undefined
      : this.history.begin({ epoch, seq: seq - 1 });
    this.#deliver(epoch, seq, namespace, "new");
    return told;
  }

  #deliver(epoch: string, seq: number, namespace: string, data: string): void {
    const body = encoder.encode(`data:${data}\n\n`);
    this.history.add({ epoch, seq, namespace, body });
  }

  /** All that a client of these namespaces is sent before it is live. */
  heard(
    lastEventId: string,
    namespaces: readonly string[],
    latest = false,
  ): string {
    const { notices, replay } = this.history.open({
      namespaces,
      lastEventId,
      latest,
    });
    return notices + decode(chunksOf(replay).map(({ bytes }) => bytes));
  }
}

/** Takes all that a replay has. */
export function chunksOf(replay: Replay | undefined): Chunk[] {
  const chunks: Chunk[] = [];
  while (replay?.state === "behind") {
    const chunk = replay.next();
    if (chunk !== undefined) chunks.push(chunk);
  }
  return chunks;
}

/** What a stream opens with. */
export function opening(id: string, resumed: boolean): string {
  return `id:${id}\nevent:sse-open\ndata:{"resumed":${resumed}}\n\n`;
}

/** What tells of a gap. */
export function gap(
  id: string,
  from: string,
  to: string,
  reason: string,
): string {
  return `id:${id}\nevent:sse-gap\ndata:${
    JSON.stringify({ from, to, reason })
  }\n\n`;
}
