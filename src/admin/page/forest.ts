import type { NamespaceRow } from "./protocol.ts";

/**
 * A namespace in the tree. Its numbers include those of all below it: the server
 * counts events so, and streams are added up here.
 */
export interface TreeNode {
  readonly name: string;
  /** Its last segment. */
  readonly label: string;
  /** 1 for `/`. */
  readonly level: number;
  readonly parent: TreeNode | undefined;
  readonly children: TreeNode[];
  /** Streams of this very namespace. */
  ownReaders: number;
  readers: number;
  /** Events a second. */
  events: number;
  /** Bytes a second. */
  bytes: number;
  /** When its last event came; 0: none is known. */
  lastAt: number;
}

/** Makes a tree of namespaces, time after time. */
export function makeForest(): (
  rows: readonly NamespaceRow[],
  now: number,
) => { root: TreeNode; count: number } {
  const order = new Intl.Collator("en", { numeric: true });
  let before = new Map<string, NamespaceRow>();
  let beforeAt = 0;

  return (rows, now) => {
    const seconds = Math.max(0.2, (now - beforeAt) / 1000);
    const current = new Map<string, NamespaceRow>();
    const nodes = new Map<string, TreeNode>();

    function nodeOf(name: string): TreeNode {
      const known = nodes.get(name);
      if (known !== undefined) return known;
      const cut = name.lastIndexOf("/");
      const parent = name === "/"
        ? undefined
        : nodeOf(name.slice(0, cut) || "/");
      const node: TreeNode = {
        name,
        label: name === "/" ? name : name.slice(cut + 1),
        level: parent === undefined ? 1 : parent.level + 1,
        parent,
        children: [],
        ownReaders: 0,
        readers: 0,
        events: 0,
        bytes: 0,
        lastAt: 0,
      };
      nodes.set(name, node);
      parent?.children.push(node);
      return node;
    }

    /** Sums up those below, of which made-up nodes know nothing else. */
    function add(node: TreeNode) {
      let events = 0;
      let bytes = 0;
      for (const child of node.children) {
        add(child);
        node.readers += child.readers;
        events += child.events;
        bytes += child.bytes;
        node.lastAt = Math.max(node.lastAt, child.lastAt);
      }
      if (current.has(node.name)) return;
      node.events = events;
      node.bytes = bytes;
    }

    const root = nodeOf("/");
    for (const row of rows) {
      const [name, readers, events, bytes, lastAt] = row;
      current.set(name, row);
      const [, , eventsBefore, bytesBefore] = before.get(name) ?? row;
      const node = nodeOf(name);
      node.ownReaders = node.readers = readers;
      // Totals begin again when a namespace, or the server, does.
      node.events = Math.max(0, events - eventsBefore) / seconds;
      node.bytes = Math.max(0, bytes - bytesBefore) / seconds;
      node.lastAt = lastAt;
    }
    add(root);
    before = current;
    beforeAt = now;
    for (const { children } of nodes.values()) {
      children.sort((a, b) => order.compare(a.label, b.label));
    }
    return { root, count: nodes.size };
  };
}
