/**
 * Answers that stream in token by token, as a language model writes them, and that
 * survive a reload of the page in the middle.
 *
 *     deno run -A examples/tokens/main.ts
 *     bun run examples/tokens/main.ts
 *     npm ci && node examples/tokens/main.ts
 *
 * Then open http://localhost:8001/ and ask. PORT is another port, PACE the
 * milliseconds that a token takes, and HISTORY how many events are remembered.
 */
import { SSEServer } from "@sseserver/sseserver";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Answers } from "./answers.ts";
import { answer } from "./model.ts";
import { addRoutes } from "./routes.ts";

const { PORT = "8001", PACE = "45", HISTORY = "20000" } = process.env;

const sse: SSEServer = new SSEServer({
  history: { messages: Number(HISTORY) },
  retry: 1_000,
  // Whoever knows the id of an answer may hear it. Nobody may hear /answers, which
  // is all of them.
  authorize: (_, namespaces) =>
    namespaces.every((namespace) => answers.at(namespace) !== undefined) ||
    new Response("404 there is no such answer\n", { status: 404 }),
  limits: { connections: 2_000, messageBytes: 4_096 },
});
const answers = new Answers(
  sse,
  (prompt, signal) => answer(prompt, { signal, pace: Number(PACE) }),
);

const page = await readFile(new URL("index.html", import.meta.url), "utf8");
sse.app.get("/", (c) => c.html(page));
addRoutes(sse.app, answers);

await sse.serve({ port: Number(PORT) });
