import type { Context } from "hono";

/**
 * Whether a request comes from a page of this origin or from no page at all: a
 * browser says where a request comes from (Fetch Metadata; Fetch, Origin header).
 */
export function isSameOrigin({ req }: Context): boolean {
  const site = req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = req.header("origin");
  return origin === undefined || origin === new URL(req.url).origin;
}
