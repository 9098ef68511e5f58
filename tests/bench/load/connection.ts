import {
  AF_INET,
  EAGAIN,
  EINPROGRESS,
  errno,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  IPPROTO_TCP,
  libc,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SO_RCVBUF,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "./libc.ts";
import { endOf } from "./socket_table.ts";

/** A source address has some 28,000 ports to give (ip_local_port_range). */
const PORTS = 25_000;

const LOOPBACK = 0x7f000001;

/** Bytes that are taken at a time where they are looked at. */
export const BUFFER: Uint8Array<ArrayBuffer> = new Uint8Array(256 * 1024);

/** Bytes that are thrown away at a time; a socket of Linux has no more by default. */
const MOST = 8 * 1024 * 1024;

const ONE = Int32Array.of(1);

/** How a connection is made. */
export interface ConnectionOptions {
  readonly port: number;
  /** Which one it is, as each source address has only so many ports. */
  readonly number: number;
  readonly receiveBuffer?: number;
}

/** A TCP connection, which blocks nobody. */
export class Connection {
  /** Of the open socket, otherwise -1. */
  fd: number;

  constructor({ port, number, receiveBuffer }: ConnectionOptions) {
    this.fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (this.fd < 0) throw new Error(`Cannot open a socket: error ${errno()}`);
    if (receiveBuffer !== undefined) {
      this.#set(SOL_SOCKET, SO_RCVBUF, Int32Array.of(receiveBuffer));
    }
    this.#set(IPPROTO_TCP, TCP_NODELAY, ONE);
    // The port is to be chosen by connect, which knows what else it depends on.
    this.#set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, ONE);
    const source = address(LOOPBACK + Math.floor(number / PORTS), 0);
    libc.bind(this.fd, source, source.length);
    const target = address(LOOPBACK, port);
    const failed = libc.connect(this.fd, target, target.length) !== 0;
    if (failed && errno() !== EINPROGRESS) this.close();
  }

  get isOpen(): boolean {
    return this.fd !== -1;
  }

  /** Sends what lies from `start` to `end`; returns how much of it went out. */
  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    const piece = start === 0 ? bytes : bytes.subarray(start);
    const sent = libc.send(this.fd, piece, end - start, MSG_NOSIGNAL);
    return this.#result(sent);
  }

  /**
   * Reads into `BUFFER`; returns how much, 0 if there is nothing. After it the
   * connection may be closed, as it is after each of the others.
   */
  read(): number {
    return this.#received(libc.recv(this.fd, BUFFER, BUFFER.length, 0));
  }

  /** Throws away what has come, without so much as copying it; returns how much. */
  skip(): number {
    return this.#received(libc.skip(this.fd, null, MOST, MSG_TRUNC));
  }

  /** Its own end, as the table of sockets writes it. */
  name(): string {
    const bytes = address(0, 0);
    libc.getsockname(this.fd, bytes, Uint32Array.of(bytes.length));
    const view = new DataView(bytes.buffer);
    return endOf(view.getUint32(4), view.getUint16(2));
  }

  close(): void {
    if (this.fd === -1) return;
    libc.close(this.fd);
    this.fd = -1;
  }

  #received(length: number): number {
    if (length > 0) return length;
    if (length === 0) this.close();
    return this.#result(length);
  }

  #result(length: number): number {
    if (length >= 0) return length;
    if (errno() !== EAGAIN) this.close();
    return 0;
  }

  #set(level: number, name: number, value: Int32Array<ArrayBuffer>): void {
    if (libc.setsockopt(this.fd, level, name, value, 4) === 0) return;
    throw new Error(`Cannot set option ${name} of a socket: error ${errno()}`);
  }
}

/** A `sockaddr_in`. */
function address(host: number, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, host);
  return bytes;
}
