/** The runtime that the tests run on. */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/**
 * Whether the pages of the examples are looked at here. A browser sees the same of
 * every runtime, so once is enough; Bun's suite has the time.
 */
export const SHOWS_PAGES: boolean = RUNTIME === "bun";

// Bun's own limit, 5 s, is too short on a busy machine; the others have none.
if (RUNTIME === "bun") {
  const name = "bun:test"; // unknown to Deno's type check
  (await import(name)).setDefaultTimeout(240_000);
}
