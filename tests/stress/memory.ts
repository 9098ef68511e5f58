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
 * second; both end without a client and without an event to replay.
 *
 * The heap has to be what it was, give or take caches: a run of 20 s publishes 50 MB
 * over a thousand connections, so it shows if a tenth of the one or 4 KB of the other
 * stayed. The rest of what is resident belongs to allocators and compilers. These
 * keep some of what they have once needed, and a longer round may once need more;
 * how much more is bounded by what all slow readers together may make it hold.
 */
const MARGIN = { heap: 4 * 1024 * 1024, rss: BUFFERED_BYTES };

/** Has V8 give empty pages back too, which may be as much as all the rest. */
const THOROUGH = { type: "major", execution: "sync", flavor: "last-resort" };

interface Collector {
  /** Node and Deno with V8's `--expose-gc`. */
  gc?(options: Record<string, string>): void;
  readonly Bun?: { gc(force: boolean): void };
}

/** Collects garbage and measures what is left. */
export async function sampleMemory(): Promise<Memory> {
  const host = globalThis as Collector;
  const least = { rss: Infinity, heap: Infinity };
  for (let i = 0; i < SAMPLES; i++) {
    if (host.Bun) host.Bun.gc(true);
    else host.gc!(THOROUGH);
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
