/**
 * What the name of a contender says of it: `sseserver on Bun`, `nchan`.
 *
 * @module
 */

/** Whether it is ours. */
export function isOurs(contender: string): boolean {
  return /^sseserver\b/.test(contender);
}

/** The name without the runtime, and that if there is one. */
export function nameParts(
  contender: string,
): [name: string, runtime: string | undefined] {
  const [, name, runtime] = /^(.+) on (\S+)$/.exec(contender) ?? [];
  return [name ?? contender, runtime];
}
