import type { PageElement, PageEvent } from "./dom.ts";
import {
  byId,
  keepRows,
  make,
  setAttribute,
  setClipped,
  setText,
} from "./elements.ts";
import { makeForest, type TreeNode } from "./forest.ts";
import {
  formatBytes,
  formatCount,
  formatNumberOf,
  formatRate,
  formatShortAge,
} from "./format.ts";
import type { Stats } from "./protocol.ts";

/** A row of the tree. */
export interface TreeRow {
  readonly element: PageElement;
  readonly label: PageElement;
  readonly numbers: readonly PageElement[];
  node: TreeNode;
}

/**
 * The namespaces as a tree, by the ARIA pattern: one stop of the Tab key, arrows
 * move, Right opens, Left closes, Enter selects.
 */
export function openTree({ select }: {
  /** Called with the namespace selected now, none after a second choice of it. */
  select(namespace: string | undefined): void;
}): {
  stats(stats: Stats): void;
  /** Shows another selection without a call back. */
  select(namespace: string | undefined): void;
} {
  /** Rows that are made at a time: a thousand each second would freeze a phone. */
  const step = 200;
  /** Up to so many namespaces all of them are open at first. */
  const few = 40;
  const tree = byId("tree");
  const more = byId("tree-more");
  const rows = new Map<unknown, TreeRow>();
  const forest = makeForest();
  /** Whether a namespace shows its children; one that is not in it was never seen. */
  const opened = new Map<string, boolean>();
  let shown: TreeNode[] = [];
  let limit = step;
  let root: TreeNode | undefined;
  let now = 0;
  let selected: string | undefined;
  /** The row that the Tab key reaches. */
  let current = "/";

  function isOpen({ name }: TreeNode): boolean {
    return opened.get(name) === true;
  }

  function visible(node: TreeNode, into: TreeNode[]): TreeNode[] {
    into.push(node);
    if (isOpen(node)) {
      for (const child of node.children) visible(child, into);
    }
    return into;
  }

  function makeRow(node: TreeNode): TreeRow {
    const label = make("bdi", "clip");
    const numbers = ["readers", "events", "bytes", "age"].map((name) =>
      make("span", `number ${name}`)
    );
    const name = make("span", "name", make("span", "twist"), label);
    const element = make("div", "tree-row", name, ...numbers);
    element.setAttribute("role", "treeitem");
    element.style.setProperty("--level", String(Math.min(8, node.level - 1)));
    const row: TreeRow = { element, label, numbers, node };
    element.addEventListener("click", ({ target }) => {
      current = row.node.name;
      if (target.closest(".twist") !== null && row.node.children.length > 0) {
        toggle(row.node, !isOpen(row.node));
      } else choose(row.node.name);
    });
    return row;
  }

  function updateRow(row: TreeRow, node: TreeNode) {
    row.node = node;
    const { element, label, numbers } = row;
    const { name, readers, ownReaders, events, bytes, lastAt, level } = node;
    const age = lastAt === 0 ? "–" : formatShortAge(now - lastAt);
    const [readersCell, eventsCell, bytesCell, ageCell] = numbers;
    setClipped(label, node.label, name);
    setClipped(
      readersCell!,
      formatCount(readers),
      `${formatNumberOf(readers, "stream")}, ${
        formatCount(ownReaders)
      } of exactly this namespace`,
    );
    setText(eventsCell!, formatRate(events));
    setText(bytesCell!, formatBytes(bytes));
    setText(ageCell!, age);
    setAttribute(
      element,
      "aria-label",
      `${name}: ${formatNumberOf(readers, "stream")}, ${
        formatRate(events)
      } events a second, ${formatBytes(bytes)} a second, last event ${
        lastAt === 0 ? "unknown" : `${age} ago`
      }`,
    );
    setAttribute(element, "aria-level", String(level));
    setAttribute(element, "aria-selected", String(name === selected));
    element.classList.toggle("idle", events === 0);
    if (node.children.length === 0) element.removeAttribute("aria-expanded");
    else setAttribute(element, "aria-expanded", String(isOpen(node)));
    const tabIndex = name === current ? 0 : -1;
    if (element.tabIndex !== tabIndex) element.tabIndex = tabIndex;
  }

  function render() {
    if (root === undefined) return;
    const all = visible(root, []);
    shown = all.slice(0, limit);
    if (!shown.some(({ name }) => name === current)) current = "/";
    keepRows(tree, rows, shown, {
      key: ({ name }) => name,
      make: makeRow,
      update: updateRow,
    });
    const left = all.length - shown.length;
    more.hidden = left === 0;
    setText(more, `Show more (${formatCount(left)} not shown)`);
  }

  function toggle(node: TreeNode, open: boolean) {
    opened.set(node.name, open);
    render();
  }

  function choose(name: string) {
    selected = name === selected ? undefined : name;
    render();
    select(selected);
  }

  function go(node: TreeNode | undefined) {
    if (node === undefined) return;
    current = node.name;
    render();
    rows.get(node.name)?.element.focus();
  }

  /** Does what a key stands for; tells whether it stands for something. */
  function press(key: string): boolean {
    const index = shown.findIndex(({ name }) => name === current);
    const node = shown[index];
    if (node === undefined) return false;
    if (key === "ArrowDown") go(shown[index + 1]);
    else if (key === "ArrowUp") go(shown[index - 1]);
    else if (key === "Home") go(shown[0]);
    else if (key === "End") go(shown.at(-1));
    else if (key === "ArrowRight") {
      if (node.children.length === 0) return true;
      if (isOpen(node)) go(node.children[0]);
      else toggle(node, true);
    } else if (key === "ArrowLeft") {
      if (isOpen(node) && node.children.length > 0) toggle(node, false);
      else go(node.parent);
    } else if (key === "Enter" || key === " ") choose(node.name);
    else return false;
    return true;
  }

  tree.addEventListener("keydown", (event: PageEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (press(event.key)) event.preventDefault();
  });
  more.addEventListener("click", () => {
    limit += step;
    render();
  });

  return {
    stats(stats) {
      now = stats.now;
      const made = forest(stats.namespaces, now);
      root = made.root;
      // One of several namespaces is counted in each of them, and in all as one.
      root.readers = stats.totals.streams;
      const open = (node: TreeNode) => {
        if (!opened.has(node.name) && node.children.length > 0) {
          opened.set(node.name, node.level === 1 || made.count <= few);
        }
        node.children.forEach(open);
      };
      open(root);
      render();
      const { namespaces, moreNamespaces } = stats;
      const left = byId("tree-left");
      left.hidden = moreNamespaces === 0;
      setText(
        left,
        `The other ${
          formatCount(moreNamespaces)
        }, with fewest streams, are neither listed nor added up here.`,
      );
      setText(
        byId("tree-count"),
        formatCount(namespaces.length + moreNamespaces),
      );
    },
    select(namespace) {
      selected = namespace;
      render();
    },
  };
}
