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

  function open() {
    clearTimeout(reopening);
    source?.close();
    const query = watched === undefined
      ? ""
      : `?watch=${encodeURIComponent(watched)}`;
    const opened = source = new EventSource(`events${query}`);
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
