/**
 * Live updates inside an existing Hono app. It has its own sign-in; every user
 * has a namespace of their own, and hears that one and nothing else.
 *
 *     deno run -A examples/hono.ts
 *     bun run examples/hono.ts
 *     npm ci && node examples/hono.ts
 *
 * Ann listens, Bob writes to her:
 *
 *     curl -Nu ann:apple localhost:8001/updates
 *     curl -u bob:banana -d 'Lunch?' localhost:8001/users/ann
 */
import { SSEServer } from "@sseserver/sseserver";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import process from "node:process";

const users = new Map([["ann", "apple"], ["bob", "banana"]]);

const sse = new SSEServer();
const app = new Hono<{ Variables: { user: string } }>();

app.get("/", (c) => c.text("Open /updates, post to /users/ann\n"));

app.use(basicAuth({
  verifyUser: (user, password) => users.get(user) === password,
  onAuthSuccess: (c, user) => c.set("user", user),
}));

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
