import {
  EINTR,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
  errno,
  libc,
} from "./libc.ts";

/**
 * Sockets that are told of at a time. With more of them the end of the measured
 * time would wait for what all of them have: some megabytes each.
 */
const BATCH = 64;

/**
 * An `epoll_event` is the events in 32 bits and data in 64, of which the lower half
 * is used here. On x86-64 it is packed, elsewhere the data is aligned.
 */
const WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const DATA = Deno.build.arch === "x86_64" ? 1 : 2;

/** Which of many sockets can be read, or written to (epoll, level-triggered). */
export class Poll {
  readonly #fd: number = libc.epoll_create1(0);
  readonly #event: Uint32Array<ArrayBuffer> = new Uint32Array(WORDS);
  readonly #ready: Uint32Array<ArrayBuffer> = new Uint32Array(WORDS * BATCH);

  /** Watches a socket under a number; also for room to write in. */
  add(fd: number, id: number, forWriting: boolean): void {
    this.#control(EPOLL_CTL_ADD, fd, id, EPOLLIN | (forWriting ? EPOLLOUT : 0));
  }

  /** From now on watches a socket for reading only. */
  readOnly(fd: number, id: number): void {
    this.#control(EPOLL_CTL_MOD, fd, id, EPOLLIN);
  }

  /** Watches it no more; one that is closed is out by itself. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Waits so many milliseconds at most; returns how many sockets are ready. */
  wait(milliseconds: number): number {
    const ready = libc.epoll_wait(this.#fd, this.#ready, BATCH, milliseconds);
    if (ready >= 0) return ready;
    if (errno() === EINTR) return 0;
    throw new Error(`Cannot wait for sockets: error ${errno()}`);
  }

  /** The number of the nth socket that is ready. */
  id(nth: number): number {
    return this.#ready[nth * WORDS + DATA]!;
  }

  #control(operation: number, fd: number, id: number, events: number): void {
    this.#event[0] = events;
    this.#event[DATA] = id;
    if (libc.epoll_ctl(this.#fd, operation, fd, this.#event) === 0) return;
    throw new Error(`Cannot watch a socket: error ${errno()}`);
  }
}
