import type { Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { peerAddress } from "../host.ts";
import { isLoopback } from "../client.ts";
import type { Status } from "./status.ts";

/** Headers that show that a request came through a proxy. */
const FORWARDING = ["forwarded", "x-forwarded-for", "x-real-ip"];

/** Adds what is under `/admin/` to an app. */
export function addAdmin(
  app: Hono,
  { admin, status }: {
    /** The option of that name. */
    admin: boolean | undefined;
    status(): Status;
  },
): void {
  app.use(
    "/admin/*",
    createMiddleware(async (context, next) => {
      if (admin === false) {
        return context.text("403 admin endpoint disabled\n", 403);
      }
      if (admin !== true && !isLocal(context)) {
        return context.text(
          "403 admin endpoint: open it from the machine that the server runs on, at http://localhost and not through a proxy, or set the option 'admin' to true\n",
          403,
        );
      }
      return await next();
    }),
  );
  app.get(
    "/admin/status.json",
    (context) =>
      context.body(JSON.stringify(status(), null, 2) + "\n", 200, {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store",
      }),
  );
}

/**
 * Whether the request comes from this machine. The peer has to be known, and
 * the name in the URL has to be a loopback one: a page whose own name was made
 * to point here (DNS rebinding) sends its own. A proxy on this machine has a
 * loopback address too, but most say that they forward.
 */
function isLocal({ req: { raw, url }, env }: Context): boolean {
  const peer = peerAddress(raw, env);
  if (peer === undefined || !isLoopback(peer)) return false;
  if (FORWARDING.some((name) => raw.headers.has(name))) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    isLoopback(hostname.replace(/^\[|\]$/g, ""));
}
