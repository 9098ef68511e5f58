/** What bounds a history; whichever is reached first. */
export interface HistoryBounds {
  /** Messages. */
  readonly messages: number;
  /** Bytes of all messages together, as they are on the wire. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}
