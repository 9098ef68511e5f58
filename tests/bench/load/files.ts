import { errno, libc, RLIMIT_NOFILE } from "./libc.ts";

/** Files that are open besides the sockets of a load, with some to spare. */
const OTHERS = 64;

/** Allows this process to open as many sockets as it needs. */
export function allowSockets(count: number): void {
  // An `rlimit`: what is allowed, and what may be allowed.
  const limits = new BigUint64Array(2);
  libc.getrlimit(RLIMIT_NOFILE, limits);
  const most = limits[1]!;
  if (BigInt(count + OTHERS) > most) {
    throw new RangeError(
      `Cannot open ${count} sockets as 'ulimit -Hn' is too low: current value is ${most}`,
    );
  }
  limits[0] = most;
  if (libc.setrlimit(RLIMIT_NOFILE, limits) === 0) return;
  throw new Error(`Cannot raise the limit of open files: error ${errno()}`);
}
