import type { Context } from "hono";
import { pathPrefix } from "../host_info.ts";
import { rawPath } from "../raw_path.ts";

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
  return pathPrefix(context.env) + segments.slice(0, depth).join("/");
}

function split(context: Context): { segments: string[]; depth: number } {
  return {
    segments: rawPath(context.req.url).split("/"),
    // "/live/subscribe/*": as many segments before it as the pattern has.
    // Not routePath() of hono/route: it knows no context of another copy of Hono,
    // which an app has where npm installed two.
    depth: context.req.routePath.split("/").length - 1,
  };
}
