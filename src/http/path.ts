import type { Context } from "hono";
import { routePath } from "hono/route";

/** The path of a URL as it was sent: not normalised, not decoded, without a query. */
export function rawPath(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

/**
 * What follows the route in the path as it was sent, such as the namespace after
 * `/subscribe`, wherever the app is mounted; `undefined` where nothing does. Hono's
 * own path is decoded already, and may be so again.
 */
export function pathBelow(context: Context): string | undefined {
  const { segments, depth } = split(context);
  return segments.length > depth ? segments.slice(depth).join("/") : undefined;
}

/** The path of the route itself as it was sent, such as `/live/subscribe`. */
export function pathOf(context: Context): string {
  const { segments, depth } = split(context);
  return segments.slice(0, depth).join("/");
}

function split(context: Context): { segments: string[]; depth: number } {
  return {
    segments: rawPath(context.req.url).split("/"),
    // "/live/subscribe/*": as many segments before it as the pattern has.
    depth: routePath(context).split("/").length - 1,
  };
}
