import type { PageDocument, PageElement } from "./dom.ts";
import { byId, keepRows, setAttribute, setText } from "./elements.ts";
import { formatCount } from "./format.ts";
import type { ConnectionStatus } from "../status.ts";
import type { StreamPage } from "./protocol.ts";
import { makeStreamRow, type TableRow, updateStreamRow } from "./stream_row.ts";

declare const document: PageDocument;

/** The table of streams: the server sorts, filters and cuts it into pages. */
export function openStreams({ disconnect, announce }: {
  disconnect(stream: ConnectionStatus): void;
  announce(text: string): void;
}): {
  /** Reads the page again, unless that is under way or nobody looks. */
  refresh(now: number): void;
  /** Shows only the streams of a namespace, or all. */
  filter(namespace: string | undefined): void;
  /** Whether streams may be disconnected. */
  allow(mayAct: boolean): void;
} {
  /** Milliseconds that an answer may take. */
  const patience = 10_000;
  const body = byId("streams-body");
  const rows = new Map<unknown, TableRow>();
  const search = byId("search");
  const size = byId("page-size");
  const previous = byId("previous");
  const next = byId("next");
  const headings = new Map<string, PageElement>();
  let sort = "created_at";
  let order = "desc";
  let offset = 0;
  let namespace: string | undefined;
  let mayAct = false;
  let now = 0;
  /** Counts the requests: only the answer to the last is shown. */
  let asked = 0;
  let underWay = false;

  async function read() {
    const query = new URLSearchParams({
      limit: size.value,
      offset: String(offset),
      sort,
      order,
    });
    if (namespace !== undefined) query.set("namespace", namespace);
    const text = search.value.trim();
    if (text !== "") query.set("q", text);
    const number = ++asked;
    underWay = true;
    let page: StreamPage | undefined;
    let failure = "";
    try {
      const response = await fetch(`status.json?${query}`, {
        signal: AbortSignal.timeout(patience),
      });
      if (response.ok) page = await response.json();
      else failure = `the server answered ${response.status}`;
    } catch {
      failure = "the server does not answer";
    }
    if (number !== asked) return;
    underWay = false;
    setText(
      byId("streams-note"),
      failure === "" ? "" : `These may be out of date: ${failure}.`,
    );
    if (page !== undefined) show(page);
  }

  function show({ total_connections: total, connections }: StreamPage) {
    if (connections.length === 0 && offset > 0 && total <= offset) {
      // The streams of the page that was shown are gone.
      const limit = Number(size.value);
      offset = Math.max(0, (Math.ceil(total / limit) - 1) * limit);
      read();
      return;
    }
    keepRows(body, rows, connections, {
      key: ({ id }) => id,
      make: (stream) => makeStreamRow(stream, { disconnect, announce }),
      update: (row, stream) => updateStreamRow(row, stream, { now, mayAct }),
    });
    const filtered = namespace !== undefined || search.value.trim() !== "";
    byId("streams-none").hidden = connections.length > 0;
    setText(
      byId("streams-none"),
      filtered ? "No stream matches." : "No stream is open.",
    );
    setText(byId("streams-count"), formatCount(total));
    const last = offset + connections.length;
    setText(
      byId("range"),
      total === 0
        ? "0 of 0"
        : `${formatCount(offset + 1)}–${formatCount(last)} of ${
          formatCount(total)
        }`,
    );
    previous.disabled = offset === 0;
    next.disabled = last >= total;
  }

  /** Reads at once, though a request may be under way: it asks something else. */
  function turnTo(newOffset: number) {
    offset = Math.max(0, newOffset);
    read();
  }

  function showOrder() {
    for (const [key, heading] of headings) {
      if (key !== sort) heading.removeAttribute("aria-sort");
      else {
        setAttribute(
          heading,
          "aria-sort",
          order === "asc" ? "ascending" : "descending",
        );
      }
    }
  }

  for (
    const key of [
      "namespace",
      "client_ip",
      "created_at",
      "msgs_sent",
      "lag",
      "state",
    ]
  ) {
    const heading = byId(`by-${key}`);
    headings.set(key, heading);
    heading.querySelector("button")?.addEventListener("click", () => {
      const text = key === "namespace" || key === "client_ip";
      if (key === sort) order = order === "asc" ? "desc" : "asc";
      else order = text ? "asc" : "desc";
      sort = key;
      showOrder();
      turnTo(0);
    });
  }
  showOrder();
  let typing: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => turnTo(0), 200);
  });
  size.addEventListener("change", () => turnTo(0));
  previous.addEventListener("click", () => turnTo(offset - Number(size.value)));
  next.addEventListener("click", () => turnTo(offset + Number(size.value)));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) read();
  });

  return {
    refresh(time) {
      now = time;
      if (!underWay && !document.hidden) read();
    },
    filter(name) {
      namespace = name;
      turnTo(0);
    },
    allow(may) {
      mayAct = may;
      for (const row of rows.values()) row.button.hidden = !may;
    },
  };
}
