import type { HistoryNode } from "./node.ts";

/** Steps in which what a namespace holds doubles. */
const STEPS = 4;

/**
 * The namespaces that hold something, the one that holds most on top; of those
 * that hold about as much, the one whose oldest is oldest. A binary heap.
 */
export class Holders {
  readonly #nodes: HistoryNode[] = [];

  /** The one that has to give. */
  get most(): HistoryNode | undefined {
    return this.#nodes[0];
  }

  /** Puts a node where it belongs after what it holds has changed. */
  update(node: HistoryNode): void {
    const nodes = this.#nodes;
    if (node.oldest === undefined) {
      this.#remove(node);
      return;
    }
    node.level = Math.floor(Math.log2(node.weight) * STEPS);
    if (node.rank === -1) {
      node.rank = nodes.length;
      nodes.push(node);
    }
    this.#up(node);
    this.#down(node);
  }

  #remove(node: HistoryNode): void {
    const { rank } = node;
    if (rank === -1) return;
    node.rank = -1;
    const last = this.#nodes.pop()!;
    if (last === node) return;
    this.#place(last, rank);
    this.#up(last);
    this.#down(last);
  }

  #up(node: HistoryNode): void {
    while (node.rank > 0) {
      const rank = (node.rank - 1) >> 1;
      const above = this.#nodes[rank]!;
      if (!comesBefore(node, above)) return;
      this.#place(above, node.rank);
      this.#place(node, rank);
    }
  }

  #down(node: HistoryNode): void {
    const nodes = this.#nodes;
    for (;;) {
      let rank = node.rank * 2 + 1;
      if (rank >= nodes.length) return;
      if (
        rank + 1 < nodes.length && comesBefore(nodes[rank + 1]!, nodes[rank]!)
      ) rank++;
      const below = nodes[rank]!;
      if (!comesBefore(below, node)) return;
      this.#place(below, node.rank);
      this.#place(node, rank);
    }
  }

  #place(node: HistoryNode, rank: number): void {
    this.#nodes[rank] = node;
    node.rank = rank;
  }
}

function comesBefore(a: HistoryNode, b: HistoryNode): boolean {
  return a.level === b.level
    ? a.oldest!.seq < b.oldest!.seq
    : a.level > b.level;
}
