/**
 * One of the servers that pages connect to. It makes no events: it hears through
 * Redis what the generator publishes, as do all others on the same Redis.
 *
 *     PORT=8003 REDIS_URL=redis://localhost:6379 node examples/emoji/server.ts
 */
import { SSEServer } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import { readFile } from "node:fs/promises";
import process from "node:process";

const {
  PORT = "8001",
  /** The port of another server, for the page's link. */
  OTHER_PORT = "",
  REDIS_URL = "redis://localhost:6379",
} = process.env;

const sse = new SSEServer({
  engine: redis({ url: REDIS_URL, prefix: "emoji" }),
  onError: (error) => console.error((error as Error).message),
});

const html = await readFile(new URL("index.html", import.meta.url), "utf8");
const page = html.replace(
  'data-other-port=""',
  `data-other-port="${Number(OTHER_PORT) || ""}"`,
);
sse.app.get("/", (c) => c.html(page));

await sse.serve({ port: Number(PORT) });
