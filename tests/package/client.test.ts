import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEServer } from "@sseserver/sseserver";
import { Hono } from "hono";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { until } from "../tools/waiting.ts";
import { installed } from "./installed.ts";

const PAGE = `<!DOCTYPE html>
<title>A client of the package</title>
<script type="module">
  import { SSEClient } from "/package/dist/src/client/mod.js";
  window.heard = [];
  const hear = (what) => (told) => heard.push(what + " " + JSON.stringify(told));
  new SSEClient("/live").subscribe("/jobs/7")
    .on("progress", hear("progress"))
    .on("sse-open", hear("open"))
    .on("sse-end", hear("end"))
    .on("sse-status", hear("status"));
</script>`;

/**
 * An app with the page, the package and the server, for which a proxy answers while it
 * is away: with what stops an EventSource for good.
 */
function behindProxy(
  sse: SSEServer,
  root: string,
  proxy: { isAway: boolean },
): Hono {
  const app = new Hono();
  app.get("/", (c) => c.html(PAGE));
  app.get("/favicon.ico", (c) => c.body(null, 204));
  app.get("/package/*", async (c) => {
    const file = path.join(root, c.req.path.replace("/package/", ""));
    return c.body(await readFile(file, "utf8"), 200, {
      "Content-Type": "text/javascript",
    });
  });
  app.use("/live/*", async (c, next) => {
    return proxy.isAway ? c.text("Bad gateway", 502) : await next();
  });
  app.route("/live", sse.app);
  return app;
}

describe("the client of the npm package, in Chromium", () => {
  it({
    name:
      `comes back where EventSource gives up, and stops at the end${CHROMIUM_HINT}`,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      const root = path.join(
        await installed(),
        "node_modules/@sseserver/sseserver",
      );
      await using sse = new SSEServer({ history: true, retry: 10 });
      const proxy = { isAway: false };
      const { port } = await sse.serve({
        port: 0,
        hostname: "127.0.0.1",
        log: false,
        signals: false,
        fetch: behindProxy(sse, root, proxy).fetch,
      });
      const say = (data: number) =>
        sse.broadcast({ namespace: "/jobs/7", event: "progress", data });

      const browser = await launchChromium();
      try {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${port}/`);
        const heard = (what: string) =>
          page.waitForFunction(`heard.includes(${JSON.stringify(what)})`);
        await heard('open {"resumed":false}');
        say(1);
        await heard("progress 1");
        proxy.isAway = true;
        const refused = page.waitForResponse((got) => got.status() === 502);
        sse.disconnect({ namespace: "/jobs/7" });
        say(2);
        await refused;
        say(3);
        proxy.isAway = false;
        await heard("progress 3");
        sse.end("/jobs/7");
        await heard('status "closed"');
        assertEquals(await page.evaluate("heard"), [
          'status "open"',
          'open {"resumed":false}',
          "progress 1",
          'status "connecting"',
          'status "open"',
          'open {"resumed":true}',
          "progress 2",
          "progress 3",
          'end {"namespace":"/jobs/7"}',
          'status "closed"',
        ]);
        await until(() => sse.status().total_connections === 0, "the end");
      } finally {
        await browser.close();
      }
    },
  });
});
