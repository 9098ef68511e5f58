/**
 * The system calls of Linux that the load client makes. 32 bits for what is a
 * `ssize_t` or a `size_t`, as nothing here is longer and Deno makes a bigint of
 * these: so a call makes no object, and takes 40 ns. Lengths are extended with
 * zeros by either processor.
 *
 * @module
 */

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  /** The same as `recv`, with a pointer as it is to have none. */
  skip: {
    name: "recv",
    parameters: ["i32", "pointer", "u32", "i32"],
    result: "i32",
  },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

/** Functions by their names in the manual, section 2. */
export const libc: Deno.StaticForeignLibraryInterface<typeof SYMBOLS> = Deno
  .dlopen("libc.so.6", SYMBOLS).symbols;

/** Where this thread's `errno` lies: what a call has left there goes with the next. */
const ERRNO = new Int32Array(
  Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4),
);

/** Why the last call has failed. */
export function errno(): number {
  return ERRNO[0]!;
}

// The same numbers on x86-64 and aarch64.
export const EINTR = 4;
export const EAGAIN = 11;
export const EINPROGRESS = 115;

export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;

export const IPPROTO_IP = 0;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;

export const MSG_TRUNC = 0x20;
export const MSG_NOSIGNAL = 0x4000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;

export const RLIMIT_NOFILE = 7;

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
