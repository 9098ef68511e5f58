import type { Feed, FeedMessage } from "./dom.ts";
import type { WatchedEvent } from "../watch.ts";
import type { Hello, Missed, Stats } from "./protocol.ts";

declare const EventSource: new (url: string) => Feed;

/** What comes from the server, and how the connection to it is. */
export interface FeedEvents {
  hello(hello: Hello): void;
  stats(stats: Stats): void;
  watched(event: WatchedEvent): void;
  missed(missed: Missed): void;
  /** The server went away, or has come back. */
  connected(connected: boolean): void;
  /** The server is there, but its answer was an error, of this HTTP status. */
  refused(status: number): void;
}

/**
 * Keeps a connection to the console's events. An EventSource comes back by itself
 * unless the server's answer was an error or the network forgot the connection:
 * then a new one takes its place.
 */
export function openFeed(events: FeedEvents): {
  /** Watches a namespace, or none. */
  watch(namespace: string | undefined): void;
} {
  /** Milliseconds without `stats`, which come once a second, until it is lost. */
  const silence = 6_000;
  const shortestWait = 1_000;
  const longestWait = 10_000;
  let watched: string | undefined;
  /** Whether the server did not let one watch, as after a start with another key. */
  let unwatched = false;
  let source: Feed | undefined;
  let wait = shortestWait;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let listening: ReturnType<typeof setTimeout> | undefined;

  function heard() {
    clearTimeout(listening);
    listening = setTimeout(() => {
      events.connected(false);
      open();
    }, silence);
  }

  /** An EventSource does not tell what the server answered. */
  async function askWhy(url: string, closed: Feed) {
    try {
      const { ok, status } = await fetch(url, { method: "HEAD" });
      if (ok || closed !== source) return;
      unwatched = status === 403;
      events.refused(status);
    } catch {
      // It went away meanwhile.
    }
  }

  function open() {
    clearTimeout(reopening);
    source?.close();
    const query = watched === undefined || unwatched
      ? ""
      : `?watch=${encodeURIComponent(watched)}`;
    const url = `events${query}`;
    const opened = source = new EventSource(url);
    function on<Data>(name: string, listener: (data: Data) => void) {
      opened.addEventListener(name, ({ data }: FeedMessage) => {
        // What was under way when another one took its place.
        if (opened !== source) return;
        heard();
        listener(JSON.parse(data));
      });
    }
    on<Hello>("hello", (hello) => {
      wait = shortestWait;
      events.hello(hello);
      events.connected(true);
      if (!unwatched) return;
      unwatched = false;
      // The key is good again.
      if (watched !== undefined) open();
    });
    on<Stats>("stats", (stats) => events.stats(stats));
    on<WatchedEvent>("watch", (event) => events.watched(event));
    on<Missed>("missed", (missed) => events.missed(missed));
    opened.addEventListener("error", () => {
      if (opened !== source) return;
      events.connected(false);
      if (opened.readyState !== 2) return;
      clearTimeout(listening);
      clearTimeout(reopening);
      reopening = setTimeout(open, wait);
      wait = Math.min(longestWait, wait * 2);
      void askWhy(url, opened);
    });
    heard();
  }

  open();
  return {
    watch(namespace) {
      if (namespace === watched) return;
      watched = namespace;
      open();
    },
  };
}
