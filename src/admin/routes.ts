import type { Context, Hono } from "hono";
import { nodeName, runtimeName, runtimeVersion } from "../host.ts";
import { extendIdleTimeout } from "../host_info.ts";
import { isSameOrigin } from "../http/origin.ts";
import { readBody } from "../http/read_body.ts";
import { STREAM_HEADERS } from "../http/streams.ts";
import type { Hub } from "../hub.ts";
import type { DisconnectFilter } from "../disconnect.ts";
import type { EngineStatus } from "../engine.ts";
import type { Access, AdminAccess } from "./access.ts";
import type { Feed } from "./feed.ts";
import { METRICS_TYPE, metricsOf } from "./metrics.ts";
import { consolePage } from "./page/mod.ts";
import { parseTableQuery } from "./query.ts";
import type { Status } from "./status.ts";
import type { StreamTable, TablePage } from "./table.ts";

/** What the console is about. */
export interface Administered {
  readonly access: AdminAccess;
  readonly hub: Hub;
  readonly feed: Feed;
  readonly table: StreamTable;
  /** Ends streams, also of other servers. Throws a TypeError or RangeError. */
  disconnect(filter: DisconnectFilter): number;
  engine(): EngineStatus | undefined;
  /** When the server was first used, in milliseconds since the Unix epoch. */
  startedAt(): number;
  status(page: TablePage): Status;
  /** Normalises a namespace; throws a TypeError or RangeError. */
  parse(namespace: string): string;
}

/** Bytes of an action's body: it names one stream or one namespace. */
const ACTION_BYTES = 16 * 1024;

const NO_STORE = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};
const JSON_TYPE = "application/json; charset=utf-8";
const DENIED =
  "403 admin endpoint: open it from the machine that the server runs on, at http://localhost and not through a proxy, or with the key: at the address that the server printed when it started, or set the option 'admin' to { key }\n";
const KEY_NEEDED =
  "403 admin endpoint: this needs the admin key: open the console at the address that the server printed when it started, or set the option 'admin' to { key }\n";

/** Adds what is under `/admin/` to an app. */
export function addAdmin(app: Hono, admin: Administered): void {
  const { access } = admin;
  const granted = new WeakMap<Context, Exclude<Access, "none">>();

  app.use("/admin/*", async (context, next) => {
    if (!access.enabled) {
      return context.text("403 admin endpoint disabled\n", 403);
    }
    const { path, url } = context.req;
    // The page asks by relative addresses, and the cookie is for its folder.
    if (path.endsWith("/admin")) {
      return context.redirect(`./admin/${new URL(url).search}`, 302);
    }
    if (path.endsWith("/admin/") && await access.admit(context)) {
      return context.redirect("./", 303);
    }
    const allowed = await access.check(context);
    if (allowed instanceof Response) return allowed;
    if (allowed === "none") return context.text(DENIED, 403);
    granted.set(context, allowed);
    return await next();
  });

  app.get("/admin/", (context) => {
    const nonce = crypto.randomUUID();
    return context.html(consolePage(nonce), 200, {
      ...NO_STORE,
      "Content-Security-Policy":
        `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      "Referrer-Policy": "no-referrer",
    });
  });

  app.get("/admin/status.json", (context) => {
    const { searchParams } = new URL(context.req.url);
    let page: TablePage;
    try {
      page = admin.table.page(parseTableQuery(searchParams, admin.parse));
    } catch (error) {
      return context.text(`400 ${(error as Error).message}\n`, 400);
    }
    return context.body(
      JSON.stringify(admin.status(page), null, 2) + "\n",
      200,
      { ...NO_STORE, "Content-Type": JSON_TYPE },
    );
  });

  app.get(
    "/admin/metrics",
    (context) =>
      context.body(
        metricsOf(admin.hub, admin.startedAt(), admin.engine()),
        200,
        {
          ...NO_STORE,
          "Content-Type": METRICS_TYPE,
        },
      ),
  );

  app.get("/admin/events", (context) => {
    const access = granted.get(context)!;
    const asked = context.req.query("watch");
    let watched: string | undefined;
    if (asked !== undefined) {
      if (access !== "full") return context.text(KEY_NEEDED, 403);
      try {
        watched = admin.parse(asked);
      } catch (error) {
        return context.text(`400 ${(error as Error).message}\n`, 400);
      }
    }
    if (admin.feed.full) {
      return context.text("503 too many consoles are open\n", 503);
    }
    if (context.req.raw.method === "HEAD") {
      return context.body(null, 200, STREAM_HEADERS);
    }
    extendIdleTimeout(context.req.raw, context.env, 1_000);
    const feed = admin.feed.open({
      runtime: runtimeName(),
      version: runtimeVersion(),
      node: nodeName(),
      startedAt: admin.startedAt(),
      access,
    }, watched);
    return context.body(feed, 200, STREAM_HEADERS);
  });

  app.post(
    "/admin/disconnect",
    async (context, next) => {
      if (granted.get(context) !== "full") return context.text(KEY_NEEDED, 403);
      if (!isSameOrigin(context)) {
        return context.text(
          "403 actions come from the console's own page\n",
          403,
        );
      }
      if (
        !/^application\/json\b/i.test(context.req.header("content-type") ?? "")
      ) {
        return context.text(
          "415 the content type must be application/json\n",
          415,
        );
      }
      return await next();
    },
    async (context) => {
      let disconnected: number;
      try {
        const bytes = await readBody(context.req.raw, ACTION_BYTES).bytes;
        if (bytes === undefined) {
          return context.text(
            `413 the body must not be larger than ${ACTION_BYTES} bytes\n`,
            413,
          );
        }
        const filter = JSON.parse(new TextDecoder().decode(bytes));
        disconnected = admin.disconnect(filter ?? {});
      } catch (error) {
        return context.text(`400 ${(error as Error).message}\n`, 400);
      }
      admin.table.expire();
      return context.json({ disconnected });
    },
  );
}
