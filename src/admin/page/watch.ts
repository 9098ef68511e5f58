import type { PageElement } from "./dom.ts";
import { byId, make, makeButton, setClipped, setText } from "./elements.ts";
import {
  formatBytes,
  formatCount,
  formatNumberOf,
  readableData,
} from "./format.ts";
import type { WatchedEvent } from "../watch.ts";

declare const requestAnimationFrame: (callback: () => void) => void;

/** The events of a namespace as they arrive, the newest first. */
export function openWatch({ closed }: {
  /** Called when the panel was closed by its button. */
  closed(): void;
}): {
  /** Shows the panel, empty, for a namespace; hides it for none. */
  show(namespace: string | undefined): void;
  watched(event: WatchedEvent): void;
  missed(count: number): void;
} {
  /** Events that are kept. */
  const most = 500;
  const panel = byId("watch");
  const list = byId("watch-list");
  const pause = byId("watch-pause");
  let waiting: WatchedEvent[] = [];
  let drawing = false;
  let paused = false;
  let seen = 0;
  let left = 0;

  function draw() {
    drawing = false;
    if (!paused && waiting.length > 0) {
      list.prepend(...waiting.map(makeEntry).reverse());
      waiting = [];
      while (list.children.length > most) list.lastElementChild?.remove();
    }
    byId("watch-none").hidden = seen > 0;
    setText(
      byId("watch-note"),
      [
        formatNumberOf(seen, "event"),
        ...(seen > most ? [`the last ${most} kept`] : []),
        ...(left > 0 ? [`${formatCount(left)} missed, too fast to show`] : []),
        ...(paused ? [`paused, ${formatCount(waiting.length)} waiting`] : []),
      ].join(" · "),
    );
  }

  function drawSoon() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(draw);
  }

  function makeEntry(event: WatchedEvent): PageElement {
    const time = new Date(event.at);
    const head = make("div", "entry-head");
    function part(className: string, text: string, title: string = text) {
      const element = make("bdi", `clip ${className}`);
      setClipped(element, text, title);
      head.append(element);
    }
    part(
      "time",
      `${time.toLocaleTimeString("en-GB")}.${
        String(time.getMilliseconds()).padStart(3, "0")
      }`,
      time.toISOString(),
    );
    part("event-name", event.event || "message");
    part("namespace", event.namespace);
    if (event.id !== null) part("id", `id ${event.id}`);
    part("size", formatBytes(event.size), `${event.size} bytes`);
    const entry = make("li", "entry", head);
    const text = event.truncated ? event.data : readableData(event.data);
    appendData(entry, text);
    if (event.truncated) {
      entry.append(
        make(
          "p",
          "hint",
          `Only the beginning is shown of ${formatBytes(event.size)}`,
        ),
      );
    }
    return entry;
  }

  function appendData(entry: PageElement, text: string) {
    const lines = text.split("\n");
    const short = lines.slice(0, 10).join("\n").slice(0, 600);
    const data = make("pre", "data", short);
    data.setAttribute("dir", "auto");
    entry.append(data);
    if (short === text) return;
    const rest = lines.length > 10
      ? `Show all ${formatCount(lines.length)} lines`
      : `Show all ${formatCount(text.length)} characters`;
    const button = makeButton("link", rest);
    button.addEventListener("click", () => {
      setText(data, text);
      button.remove();
    });
    entry.append(button);
  }

  function clear() {
    waiting = [];
    seen = 0;
    left = 0;
    list.replaceChildren();
    draw();
  }

  function setPaused(value: boolean) {
    paused = value;
    setText(pause, paused ? "Resume" : "Pause");
    draw();
  }

  pause.addEventListener("click", () => setPaused(!paused));
  byId("watch-clear").addEventListener("click", clear);
  byId("watch-close").addEventListener("click", closed);

  return {
    show(namespace) {
      panel.hidden = namespace === undefined;
      clear();
      setPaused(false);
      if (namespace === undefined) return;
      setClipped(byId("watch-namespace"), namespace);
      panel.scrollIntoView({ block: "nearest" });
    },
    watched(event) {
      seen++;
      waiting.push(event);
      // A document that nobody looks at draws nothing.
      if (waiting.length > most) waiting.shift();
      drawSoon();
    },
    missed(count) {
      left += count;
      drawSoon();
    },
  };
}
