import type { Clock } from "../clock.ts";
import { residentBytes } from "../host.ts";
import type { NamespaceState } from "../directory.ts";
import type { EngineStatus } from "../engine.ts";
import type { Hub } from "../hub.ts";
import { encodeBody } from "../message.ts";
import type { Bytes } from "../slab.ts";
import type {
  Hello,
  Missed,
  NamespaceRow,
  Sample,
  Stats,
} from "./page/protocol.ts";
import { Watch, type WatchedEvent } from "./watch.ts";

/** Milliseconds between two samples. */
const SECOND = 1_000;
/** Milliseconds between two looks at what a console watches. */
const WATCH_INTERVAL = 100;
/** Samples kept: five minutes. */
const SAMPLES = 300;
/** Namespaces shown: those with most readers, of these the last that were heard. */
const NAMESPACES = 1_000;
/** Consoles open at a time: with `admin: true` anyone can open them. */
const VIEWERS = 32;
/** Chunks that a console may leave unread before it gets no more. */
const UNREAD = 64;
/**
 * Seconds that a console may leave all of these unread. Its page may be frozen, or its
 * client gone: `node:http` of Deno 2.9 never tells of one that did not wait for the
 * answer before (pipelining).
 */
const PATIENCE = 30;

/** An open console. */
interface Viewer {
  readonly controller: ReadableStreamDefaultController<Bytes>;
  readonly watch: Watch | undefined;
  readonly untap: () => void;
  /** For how many seconds it has had no room. */
  fullFor: number;
}

/**
 * What the console's page is fed with, once a second, encoded once for all who
 * look. As long as nobody does, nothing runs and nothing is counted.
 */
export class Feed {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #engine: () => EngineStatus | undefined;
  readonly #viewers: Set<Viewer> = new Set();
  #samples: Sample[] = [];
  #last = { at: 0, broadcasts: 0, deliveries: 0, bytes: 0 };
  #timer: unknown;

  constructor(
    hub: Hub,
    clock: Clock,
    engine: () => EngineStatus | undefined,
  ) {
    this.#hub = hub;
    this.#clock = clock;
    this.#engine = engine;
  }

  /** Whether no further console can be opened. */
  get full(): boolean {
    return this.#viewers.size >= VIEWERS;
  }

  /** How many consoles are open. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Opens a feed; `hello` goes first, `watched` is a normalised namespace. */
  open(
    hello: Omit<Hello, "now" | "samples">,
    watched: string | undefined,
  ): ReadableStream<Bytes> {
    const watch = watched === undefined ? undefined : new Watch(
      watched,
      this.#hub.history.enabled,
      () => this.#clock.now(),
    );
    let viewer: Viewer;
    return new ReadableStream<Bytes>({
      start: (controller) => {
        viewer = {
          controller,
          watch,
          untap: watch === undefined
            ? () => {}
            : this.#hub.tap((record) => watch.see(record)),
          fullFor: 0,
        };
        if (this.#viewers.size === 0) this.#start();
        controller.enqueue(
          encode("hello", {
            ...hello,
            now: this.#clock.now(),
            samples: this.#samples,
          }),
        );
        this.#viewers.add(viewer);
        // Someone who watches is not to wait for the end of the second.
        this.#schedule();
      },
      cancel: () => this.#remove(viewer),
    }, { highWaterMark: UNREAD });
  }

  /** Ends all feeds. */
  close(): void {
    for (const viewer of [...this.#viewers]) this.#end(viewer);
  }

  #start(): void {
    this.#samples = [];
    this.#last = this.#totals();
  }

  /** Milliseconds until a sample is due. */
  get #wait(): number {
    const age = this.#clock.now() - this.#last.at;
    // A clock that was set back begins a new second.
    return age < 0 ? 0 : Math.max(0, SECOND - age);
  }

  #schedule(): void {
    this.#clock.clearTimeout(this.#timer);
    const watching = [...this.#viewers].some(({ watch }) => watch);
    // Not a whole second from now: consoles that open and close would put it off.
    const delay = watching ? Math.min(WATCH_INTERVAL, this.#wait) : this.#wait;
    this.#timer = this.#clock.setTimeout(() => {
      this.#onTimer();
      if (this.#viewers.size > 0) this.#schedule();
    }, delay);
  }

  #end(viewer: Viewer): void {
    this.#remove(viewer);
    viewer.controller.close();
  }

  #remove(viewer: Viewer): void {
    viewer.untap();
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#clock.clearTimeout(this.#timer);
  }

  #onTimer(): void {
    const isSecond = this.#wait === 0;
    const stats = isSecond ? this.#stats() : undefined;
    for (const viewer of this.#viewers) {
      const { controller, watch } = viewer;
      // A page that does not read needs no old samples once it does; what it watches
      // is counted as missed meanwhile.
      if ((controller.desiredSize ?? 0) <= 0) {
        if (isSecond && ++viewer.fullFor > PATIENCE) this.#end(viewer);
        continue;
      }
      viewer.fullFor = 0;
      for (const event of watch?.take() ?? []) {
        controller.enqueue(encode("watch", event));
      }
      const missed = isSecond ? watch?.nextSecond() ?? 0 : 0;
      if (missed > 0) controller.enqueue(encode("missed", { count: missed }));
      if (stats !== undefined) controller.enqueue(stats);
    }
  }

  #totals(): {
    at: number;
    broadcasts: number;
    deliveries: number;
    bytes: number;
  } {
    const { broadcasts, deliveries, bytes } = this.#hub.counters;
    return { at: this.#clock.now(), broadcasts, deliveries, bytes };
  }

  #stats(): Bytes {
    const { size, counters, retained } = this.#hub;
    const last = this.#last;
    const totals = this.#last = this.#totals();
    const seconds = Math.max(1, (totals.at - last.at) / 1000);
    const sample: Sample = [
      totals.at,
      size,
      (totals.broadcasts - last.broadcasts) / seconds,
      (totals.deliveries - last.deliveries) / seconds,
      (totals.bytes - last.bytes) / seconds,
    ];
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    const { slow, stalled, kicked } = counters.disconnects;
    const refused = Object.values(counters.refusals)
      .reduce((sum, count) => sum + count, 0);
    const namespaces = [...this.#hub.namespaces()]
      .sort((a, b) => b.readers - a.readers || b.lastAt - a.lastAt);
    return encode("stats", {
      now: totals.at,
      sample,
      engine: this.#engine() ?? null,
      totals: {
        streams: size,
        broadcasts: totals.broadcasts,
        deliveries: totals.deliveries,
        bytes: totals.bytes,
        slow,
        stalled,
        kicked,
        refused,
        retainedBytes: retained.bytes,
        memoryBytes: residentBytes() ?? null,
      },
      namespaces: namespaces.slice(0, NAMESPACES).map(row),
      moreNamespaces: Math.max(0, namespaces.length - NAMESPACES),
    });
  }
}

function row(
  { namespace, readers, events, bytes, lastAt }: NamespaceState,
): NamespaceRow {
  return [namespace, readers, events, bytes, lastAt];
}

/** What a console hears, by the name of the event. */
interface FeedEvents {
  hello: Hello;
  stats: Stats;
  watch: WatchedEvent;
  missed: Missed;
}

function encode<Name extends keyof FeedEvents>(
  event: Name,
  data: FeedEvents[Name],
): Bytes {
  return encodeBody({ namespace: "/", event, data }, Infinity);
}
