import type { Bytes } from "./slab.ts";

/** What servers that share an engine tell each other, in the order of the events. */
export interface Order {
  /** The server that it comes from. */
  readonly from: string;
  /** Streams to end, as `disconnect()` takes them. */
  readonly disconnect: {
    readonly namespace?: string;
    readonly user?: string;
  };
}

/** Stands in place of a namespace; no message can have it. */
export const ORDERS = "";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The body of an order. */
export function encodeOrder(order: Order): Bytes {
  return encoder.encode(JSON.stringify(order));
}

/** Reads {@linkcode encodeOrder}'s body; throws where it is none. */
export function parseOrder(body: Bytes): Order {
  return JSON.parse(decoder.decode(body));
}
