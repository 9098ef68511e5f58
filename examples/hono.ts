/**
 * Live updates inside an existing Hono app. It has its own sign-in; every user
 * has a namespace of their own, and hears that one and nothing else.
 *
 *     deno run -A examples/hono.ts
 *     bun run examples/hono.ts
 *     npm ci && node examples/hono.ts
 *
 * Open http://localhost:8001/ as ann, password apple, and in a private window as
 * bob, password banana. Or Ann listens with curl, and Bob writes to her:
 *
 *     curl -Nu ann:apple localhost:8001/updates
 *     curl -u bob:banana -d 'Lunch?' localhost:8001/users/ann
 */
import { SSEServer } from "@sseserver/sseserver";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { readFile } from "node:fs/promises";
import process from "node:process";

const users = new Map([["ann", "apple"], ["bob", "banana"]]);

const sse = new SSEServer();
const app = new Hono<{ Variables: { user: string } }>();

app.use(basicAuth({
  verifyUser: (user, password) => users.get(user) === password,
  onAuthSuccess: (c, user) => c.set("user", user),
}));

const page = await readFile(new URL("hono.html", import.meta.url), "utf8");
app.get("/", (c) => c.html(page));
app.get("/me", (c) => c.json({ user: c.get("user"), all: [...users.keys()] }));

// No namespace comes from the request, so nobody can ask for another's.
// `sse.app` stays unmounted: its /subscribe would be open to everyone.
app.get("/updates", (c) => {
  const own = `/users/${c.get("user")}`;
  return sse.subscribe(c.req.raw, own, { info: c.env });
});

app.post("/users/:user", async (c) => {
  const to = c.req.param("user");
  if (!users.has(to)) return c.notFound();
  sse.broadcast({
    namespace: `/users/${to}`,
    event: "note",
    data: { from: c.get("user"), text: await c.req.text() },
  });
  return c.body(null, 204);
});

await sse.serve({
  port: Number(process.env.PORT ?? 8001),
  fetch: app.fetch,
});
