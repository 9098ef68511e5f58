import type { PageElement } from "./dom.ts";
import {
  askFirst,
  make,
  makeButton,
  setAttribute,
  setClipped,
  setText,
} from "./elements.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatTime,
  readableAgent,
} from "./format.ts";
import type { ConnectionStatus } from "../status.ts";

/** A row of the table of streams. */
export interface TableRow {
  readonly element: PageElement;
  readonly cells: Readonly<Record<string, PageElement>>;
  readonly button: PageElement;
  stream: ConnectionStatus;
}

/** A row of the table, empty but for its button. */
export function makeStreamRow(
  stream: ConnectionStatus,
  { disconnect, announce }: {
    disconnect(stream: ConnectionStatus): void;
    announce(text: string): void;
  },
): TableRow {
  const cells: Record<string, PageElement> = {};
  function cell(className: string, label: string, ...names: string[]) {
    const lines = names.map((name) => {
      const line = make("bdi", "clip");
      cells[name] = line;
      return line;
    });
    const element = make("td", className, ...lines);
    element.setAttribute("role", "cell");
    // Where the table has no room for columns, style shows it before the value.
    if (label !== "") element.setAttribute("data-label", label);
    return element;
  }
  const button = makeButton("danger small", "Disconnect");
  const action = cell("action", "");
  action.append(button);
  const element = make(
    "tr",
    "",
    cell("namespace", "", "namespace", "path"),
    cell("client", "", "client", "agent"),
    cell("established", "since", "time", "age"),
    cell("number", "messages", "messages"),
    cell("number", "lag", "lag"),
    cell("state", "", "state"),
    action,
  );
  element.setAttribute("role", "row");
  const row: TableRow = { element, cells, button, stream };
  askFirst(button, {
    what: () => `stream ${row.stream.id}`,
    act: () => disconnect(row.stream),
    announce,
  });
  return row;
}

/** Shows a stream in a row. */
export function updateStreamRow(
  row: TableRow,
  stream: ConnectionStatus,
  { now, mayAct }: { now: number; mayAct: boolean },
): void {
  row.stream = stream;
  const { cells, button } = row;
  const createdAt = stream.created_at * 1000;
  setClipped(cells.namespace!, stream.namespace.replaceAll(",", ", "));
  // Most paths only repeat the namespace.
  const told = stream.request_path.endsWith(`/subscribe${stream.namespace}`);
  setClipped(cells.path!, told ? "" : stream.request_path);
  setClipped(
    cells.client!,
    [stream.user, stream.client_ip || "unknown address"].filter(Boolean)
      .join(" · "),
  );
  setClipped(
    cells.agent!,
    readableAgent(stream.user_agent),
    stream.user_agent,
  );
  setClipped(
    cells.time!,
    formatTime(createdAt, now),
    new Date(createdAt).toISOString(),
  );
  setText(cells.age!, formatAge(now - createdAt));
  setText(cells.messages!, formatCount(stream.msgs_sent));
  setText(cells.lag!, formatBytes(stream.lag));
  cells.lag!.classList.toggle("zero", stream.lag === 0);
  setText(cells.state!, stream.state);
  setAttribute(cells.state!, "class", `pill ${stream.state}`);
  button.hidden = !mayAct;
}
