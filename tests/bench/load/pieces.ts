/** Hands on a text as bytes, cut into pieces of the given sizes, in turn. */
export function feed(
  text: string,
  sizes: readonly number[],
  take: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + sizes[i % sizes.length]!);
    take(bytes, at, end);
    at = end;
  }
}
