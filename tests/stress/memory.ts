import process from "node:process";
import { setTimeout } from "node:timers";

/** Memory of a process, in bytes. */
export interface Memory {
  /** Resident. */
  readonly rss: number;
  /** Used in the heap, and by buffers beside it where the runtime counts these apart. */
  readonly heap: number;
}

/** The runtime gives memory back by and by, so the least of some samples counts. */
const SAMPLES = 8;
const PAUSE = 150;

interface Collector {
  /** Node and Deno with V8's `--expose-gc`. */
  gc?(): void;
  readonly Bun?: { gc(force: boolean): void };
}

/** Collects garbage and measures what is left. */
export async function sampleMemory(): Promise<Memory> {
  const host = globalThis as Collector;
  const least = { rss: Infinity, heap: Infinity };
  for (let i = 0; i < SAMPLES; i++) {
    if (host.Bun) host.Bun.gc(true);
    else host.gc!();
    await new Promise<void>((resolve) => setTimeout(resolve, PAUSE));
    const { rss, heapUsed, external } = process.memoryUsage();
    // JavaScriptCore counts buffers into the heap.
    const heap = host.Bun ? heapUsed : heapUsed + external;
    least.rss = Math.min(least.rss, rss);
    least.heap = Math.min(least.heap, heap);
  }
  return least;
}
