const ZERO = 48;

/** Whether what lies in a range of bytes starts with some ASCII text. */
export function startsWith(
  bytes: Uint8Array,
  at: number,
  end: number,
  text: string,
): boolean {
  if (end - at < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Decimal digits as a number; -1 if they are none. */
export function numberAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || end - at > 15) return -1;
  let number = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
