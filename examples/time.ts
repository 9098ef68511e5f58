/**
 * The time every second, and a pet store: two streams and a page that shows them.
 *
 *     deno run -A examples/time.ts
 *     bun run examples/time.ts
 *     npm ci && node examples/time.ts
 *
 * Then open http://localhost:8001/, or listen in with curl:
 *
 *     curl localhost:8001/subscribe/time
 *     curl localhost:8001/subscribe/pets
 */
import { SSEServer } from "@sseserver/sseserver";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const sse = new SSEServer();

// The server's routes are a Hono app, which takes the page as one more.
const page = await readFile(new URL("time.html", import.meta.url), "utf8");
sse.app.get("/", (c) => c.html(page));

await sse.serve({ port: Number(process.env.PORT ?? 8001) });

setInterval(() => {
  sse.broadcast({ namespace: "/time", data: new Date().toISOString() });
}, 1000);

// Whoever subscribes to /pets hears both, to /pets/dogs only the dogs.
while (true) {
  await sleep(5000);
  dog("Corgi");
  cat("Persian");
  await sleep(1000);
  dog("Terrier");
  dog("Dachshund");
  await sleep(2000);
  cat("LOLcat");
}

function dog(breed: string): void {
  sse.broadcast({ namespace: "/pets/dogs", event: "new-dog", data: breed });
}

function cat(breed: string): void {
  sse.broadcast({ namespace: "/pets/cats", event: "new-cat", data: breed });
}
