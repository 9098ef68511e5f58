import type { PageDocument } from "./dom.ts";
import { askFirst, byId, setClipped, setText } from "./elements.ts";
import { openEngine } from "./engine.ts";
import { openFeed } from "./feed.ts";
import { formatCount, formatNumberOf } from "./format.ts";
import { openHead } from "./head.ts";
import { openStreams } from "./streams.ts";
import { openTree } from "./tree.ts";
import { openWatch } from "./watch.ts";

declare const document: PageDocument;

/** The script of the console: puts its parts together. */
export function runConsole(): void {
  const banner = byId("banner");
  const connection = byId("connection");
  const selection = byId("selection");
  const watchButton = byId("watch-button");
  let selected: string | undefined;
  let watched: string | undefined;
  let node = "";
  let known: boolean | undefined;
  let silencing: ReturnType<typeof setTimeout> | undefined;

  /** Tells a screen reader what the eye sees anyway. */
  function tell(text: string) {
    setText(byId("news"), text);
  }

  /** Tells a result, for eyes at the bottom of the page and for a screen reader. */
  function announce(text: string) {
    const toast = byId("toast");
    setText(toast, text);
    toast.classList.toggle("shown", true);
    clearTimeout(silencing);
    silencing = setTimeout(() => toast.classList.toggle("shown", false), 4_000);
  }

  async function disconnect(target: { id: number } | { namespace: string }) {
    const what = "id" in target
      ? `Stream ${target.id}`
      : `Streams of ${target.namespace.slice(0, 60)}`;
    try {
      const response = await fetch("disconnect", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(target),
      });
      const text = await response.text();
      if (!response.ok) {
        announce(`${what}: not disconnected, ${text.trim().slice(0, 200)}`);
        return;
      }
      const { disconnected } = JSON.parse(text);
      announce(
        "id" in target
          ? `${what}: ${disconnected > 0 ? "disconnected" : "gone before"}`
          : `${what}: ${formatCount(disconnected)} disconnected`,
      );
    } catch {
      announce(`${what}: not disconnected, as the server does not answer`);
    }
    streams.refresh(Date.now() + ahead);
  }

  /** Milliseconds by which the server's clock is ahead of this one. */
  let ahead = 0;

  function select(namespace: string | undefined) {
    selected = namespace;
    selection.hidden = namespace === undefined;
    if (namespace !== undefined) {
      setClipped(byId("selection-name"), namespace);
    }
    askAgain();
    showWatchButton();
    streams.filter(namespace);
  }

  function watch(namespace: string | undefined) {
    watched = namespace;
    panel.show(namespace);
    feed.watch(namespace);
    showWatchButton();
  }

  function showWatchButton() {
    const on = selected !== undefined && selected === watched;
    setText(watchButton, on ? "Stop watching" : "Watch events");
  }

  function connected(now: boolean) {
    if (now === known) return;
    const first = known === undefined;
    known = now;
    banner.hidden = now;
    setText(connection, now ? "Live" : "Connection lost");
    connection.classList.toggle("on", now);
    connection.classList.toggle("off", !now);
    if (!now) {
      document.title = `Connection lost · ${node || "sseserver"}`;
      setText(
        byId("banner-text"),
        "The server went away. These numbers are the last it sent; the console tries again by itself.",
      );
    }
    if (!first || !now) {
      tell(now ? "Connected again" : "Connection to the server lost");
    }
  }

  function refused(status: number) {
    const text = status === 401 || status === 403
      ? "The server does not let this page in any more. If it was started again, it may have another key: open the console with the address that it printed then."
      : `The server answers ${status}. The console tries again by itself.`;
    setText(byId("banner-text"), text);
    tell(text);
  }

  const head = openHead();
  const engine = openEngine({ announce: tell });
  const streams = openStreams({
    disconnect: ({ id }) => void disconnect({ id }),
    announce: tell,
  });
  const tree = openTree({ select });
  const panel = openWatch({
    closed: () => {
      watch(undefined);
      watchButton.focus();
    },
  });
  watchButton.addEventListener("click", () => {
    watch(selected === watched ? undefined : selected);
  });
  byId("selection-clear").addEventListener("click", () => {
    tree.select(undefined);
    select(undefined);
    byId("search").focus();
  });
  const askAgain = askFirst(byId("disconnect-all"), {
    what: () => `all streams of ${selected ?? "the namespace"}`,
    act: () => {
      if (selected !== undefined) void disconnect({ namespace: selected });
    },
    announce: tell,
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    byId("search").focus();
  });

  const feed = openFeed({
    hello(hello) {
      head.hello(hello);
      node = hello.node;
      const mayAct = hello.access === "full";
      byId("read-only").hidden = mayAct;
      byId("selection-actions").hidden = !mayAct;
      streams.allow(mayAct);
      if (!mayAct && watched !== undefined) watch(undefined);
    },
    stats(stats) {
      ahead = stats.now - Date.now();
      head.stats(stats);
      const trouble = engine.show(stats.engine);
      if (!document.hidden) tree.stats(stats);
      streams.refresh(stats.now);
      document.title = `${
        trouble || formatNumberOf(stats.totals.streams, "stream")
      } · ${node}`;
    },
    watched: (event) => panel.watched(event),
    missed: ({ count }) => panel.missed(count),
    connected,
    refused,
  });
}
