const encoder = new TextEncoder();

/** Bytes of a random secret: as hard to guess as a key of AES. */
const SECRET_BYTES = 16;

/** A new secret, in hexadecimal digits. */
export function newSecret(): string {
  return hex(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** The SHA-256 digest of a text, in hexadecimal digits. */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", encoder.encode(text));
  return hex(new Uint8Array(bytes));
}

/**
 * Compares without telling by its time where two texts differ. Their lengths are
 * no secret, so secrets are compared by their digests.
 */
export function isEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  }
  return difference === 0;
}

/** The token of an `Authorization: Bearer` header (RFC 6750 2.1), if there is one. */
export function bearerToken({ headers }: Request): string | undefined {
  return /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
