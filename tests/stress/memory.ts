import process from "node:process";
import { setTimeout } from "node:timers";
import { BUFFERED_BYTES } from "./settings.ts";

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

/**
 * Bytes by which memory may grow from the end of the first round to the end of the
 * second; both end without a client or an event to replay.
 *
 * The heap is to be what it was: a run publishes 50 MB and more over a thousand
 * connections, so a leak of some part of it shows. The rest of the resident memory
 * belongs to allocators, which keep what they have once needed: as much as all slow
 * readers may hold, and as much again that had yet to be collected. A short first
 * round may not have needed it, a long second one does; further ones take no more.
 */
const MARGIN = { heap: 4 * 1024 * 1024, rss: 2 * BUFFERED_BYTES };

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

/** What has grown by more than it may. */
export function grown(before: Memory, after: Memory): string[] {
  return (["heap", "rss"] as const)
    .filter((kind) => after[kind] > before[kind] + MARGIN[kind])
    .map((kind) =>
      `Memory has grown: ${kind} from ${before[kind]} to ${after[kind]} bytes`
    );
}
