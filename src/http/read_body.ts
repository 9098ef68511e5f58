/** A body that is being read. */
export interface BodyReading {
  /** All that comes of it; `undefined` where it is larger than it may be. */
  readonly bytes: Promise<Uint8Array | undefined>;
  /** Takes no more of it: what was asked for comes to an end. */
  cancel(): void;
}

/**
 * Reads a body of at most `most` bytes, and not one more than that.
 *
 * Hono's own limit makes the request anew where the length of a body is not known,
 * of which `@hono/node-server` is not capable as long as it leaves the program's own
 * Request alone (2.1); and it goes on to hold what comes after the limit.
 */
export function readBody(
  { headers, body }: Request,
  most: number,
): BodyReading {
  const length = headers.get("content-length");
  if (length !== null && Number(length) > most) {
    return { bytes: Promise.resolve(undefined), cancel() {} };
  }
  const reader = body?.getReader();
  // What it fails with is told to those who read.
  const cancel = () => void reader?.cancel().catch(() => {});
  return { bytes: collect(reader, most, cancel), cancel };
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  most: number,
  cancel: () => void,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
