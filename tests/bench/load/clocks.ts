import {
  CLOCK_MONOTONIC,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  libc,
} from "./libc.ts";
import { STAMP_MODULUS } from "./plan.ts";

const MILLION = 1e6;

/** A `timespec`: seconds, then nanoseconds, in 64 bits each, the lower half first. */
const TIME = new Uint32Array(4);

libc.clock_gettime(CLOCK_MONOTONIC, TIME);
const START = TIME[0]!;

/**
 * Microseconds since the client was started. For half an hour it is a small
 * integer, which takes no memory.
 */
export function monotonic(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, TIME);
  return ((TIME[0]! - START) * MILLION + TIME[2]! / 1_000) | 0;
}

/** Writes what the stamp of an event would be now. */
export function readStamp(into: Float64Array): void {
  libc.clock_gettime(CLOCK_REALTIME, TIME);
  into[0] = (TIME[0]! % (STAMP_MODULUS / MILLION)) * MILLION +
    ((TIME[2]! / 1_000) | 0);
}

/** Microseconds for which a core has worked for this process. */
export function cpuTime(): number {
  libc.clock_gettime(CLOCK_PROCESS_CPUTIME_ID, TIME);
  return TIME[0]! * MILLION + TIME[2]! / 1_000;
}
