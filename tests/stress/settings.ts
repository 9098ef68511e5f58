/**
 * What the server under stress is set to, and what both sides have to know of it.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Enough for those who come back soon to miss nothing, and little enough for those
 * who stay away to miss something. Mostly it is the age that bounds it: by messages
 * alone the busiest would have to give way to many that are quiet.
 */
export const HISTORY: {
  readonly messages: number;
  readonly bytes: number;
  readonly age: number;
} = { messages: 30_000, bytes: 16 * MIB, age: 3_000 };

/**
 * Events that may be published ahead of what those who keep up have received: in
 * bytes less than half of `MAX_LAG`, so that nobody who keeps up is taken for slow.
 */
export const WINDOW = 1_500;

/** Bytes that a reader may fall behind. */
export const MAX_LAG: number = 4 * MIB;

/**
 * Milliseconds for which a reader may leave data waiting. Not shorter: the kernel
 * asks for more only when a third of its 4 MB is free, and a client that catches up
 * among hundreds of others in one process takes a second to read as much.
 */
export const STALL_TIMEOUT = 2_000;

/** Milliseconds between keepalives. */
export const KEEP_ALIVE = 1_000;

/** Bytes held for readers that are behind, all together. */
export const BUFFERED_BYTES: number = 64 * MIB;
