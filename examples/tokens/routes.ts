import type { Hono, MiddlewareHandler } from "hono";
import type { Answers } from "./answers.ts";

/** Bytes of a body: a prompt of 500 characters, each written as `\uXXXX`. */
const BODY_BYTES = 4 * 1024;
const PROMPT_LENGTH = 500;

/** Adds what the page asks for. */
export function addRoutes(app: Hono, answers: Answers): void {
  app.post("/answers", limit, async (c) => {
    // Another site's page cannot send JSON without asking first.
    const type = c.req.header("content-type")?.split(";")[0]?.trim();
    const body: unknown = type === "application/json"
      ? await c.req.json().catch(() => undefined)
      : undefined;
    const { prompt } = Object(body) as { prompt?: unknown };
    if (typeof prompt !== "string" || prompt.trim() === "") {
      return c.text("Ask something: a JSON object with 'prompt'", 400);
    }
    if (prompt.length > PROMPT_LENGTH) {
      return c.text(`A prompt has ${PROMPT_LENGTH} characters at most`, 400);
    }
    const answer = await answers.begin(prompt.trim());
    if (answer === undefined) {
      return c.text("Too many answers are being written now", 503, {
        "Retry-After": "5",
      });
    }
    return c.json(answer, 201);
  });

  app.get("/answers/:id", (c) => {
    const answer = answers.get(c.req.param("id"));
    if (answer === undefined) return c.text("There is no such answer", 404);
    return c.json(answer, 200, { "Cache-Control": "no-store" });
  });

  app.post("/answers/:id/stop", (c) => {
    answers.stop(c.req.param("id"));
    return c.body(null, 204);
  });
}

/** Hono's own limit fails on Node where a body comes in chunks, as no page sends it. */
const limit: MiddlewareHandler = async (c, next) => {
  const length = c.req.header("content-length");
  if (length === undefined || c.req.header("transfer-encoding")) {
    return c.text("Tell the length of the body: Content-Length", 411);
  }
  if (Number(length) > BODY_BYTES) return c.text("The body is too large", 413);
  return await next();
};
