import type { Reader } from "./reader.ts";

/** The readers of a channel that have taken everything and asked for more. */
export class ReadyReaders {
  #readers: Reader[] = [];
  /** A list to swap with. */
  #spare: Reader[] = [];

  /** Takes a reader in. */
  add(reader: Reader): void {
    reader.readyIndex = this.#readers.length;
    this.#readers.push(reader);
  }

  /** Takes a reader out, if it is in. */
  delete(reader: Reader): void {
    const { readyIndex } = reader;
    if (readyIndex === -1) return;
    reader.readyIndex = -1;
    const last = this.#readers.pop()!;
    if (last === reader) return;
    this.#readers[readyIndex] = last;
    last.readyIndex = readyIndex;
  }

  /** Takes all out and calls back with each; who asks again meanwhile waits. */
  drain(callback: (reader: Reader) => void): void {
    const readers = this.#readers;
    if (readers.length === 1) {
      // The usual case of many channels, which all have to allocate nothing.
      const only = readers.pop()!;
      only.readyIndex = -1;
      callback(only);
      return;
    }
    this.#readers = this.#spare;
    for (const reader of readers) reader.readyIndex = -1;
    for (const reader of readers) callback(reader);
    readers.length = 0;
    this.#spare = readers;
  }
}
