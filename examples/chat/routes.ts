import type { Context, Hono, MiddlewareHandler } from "hono";
import { Allowance } from "./allowance.ts";
import type { People } from "./people.ts";
import type { Rooms } from "./rooms.ts";
import type { Sessions } from "./sessions.ts";

/** Bytes of a body: a text of 1,000 characters, each written as `\uXXXX`. */
const BODY_BYTES = 8 * 1024;
const TEXT_LENGTH = 1_000;
const TEXT_LINES = 20;
const KEY_LENGTH = 64;
/** Messages of all together at once, and a second: who comes back may begin anew. */
const ALL_AT_ONCE = 200;
const ALL_PER_SECOND = 20;

/** Letters and digits of any script: nothing that is invisible or turns a line around. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'’_-]{0,23}$/u;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

/**
 * Adds what the page asks for and posts to.
 *
 * Not the server's own `POST /publish/…`: that sends what it is given, and who
 * wrote a message, when, and which one it is are for the server to say.
 */
export function addRoutes(
  app: Hono,
  { sessions, people, rooms }: {
    readonly sessions: Sessions;
    readonly people: People;
    readonly rooms: Rooms;
  },
): void {
  const everyone = new Allowance(ALL_AT_ONCE, ALL_PER_SECOND);

  app.get("/me", async (c) => {
    const person = await sessions.personOf(c.req.raw);
    return c.json(person ?? await sessions.name(c, ""));
  });

  app.post("/me", limit, async (c) => {
    const { name } = await bodyOf(c);
    if (typeof name !== "string" || !NAME.test(name)) {
      return c.text(
        "A name has 1 to 24 letters, digits, spaces or . ' _ -",
        400,
      );
    }
    const person = await sessions.name(c, name.trim());
    people.rename(person);
    return c.json(person);
  });

  app.post("/rooms/:room", limit, async (c) => {
    const room = c.req.param("room");
    if (!rooms.has(room)) return c.text("There is no such room", 404);
    const person = await sessions.personOf(c.req.raw);
    if (person === undefined || person.name === "") {
      return c.text("Say first who you are: POST /me", 401);
    }
    const allowance = people.allowanceOf(person);
    if (allowance === undefined) {
      return c.text("Only who listens may write: open a stream", 409);
    }
    const { text, key = crypto.randomUUID() } = await bodyOf(c);
    if (!isText(text)) {
      return c.text(
        `A message has 1 to ${TEXT_LENGTH} characters and ${TEXT_LINES} lines at most`,
        400,
      );
    }
    if (typeof key !== "string" || key.length > KEY_LENGTH) {
      return c.text(`A key has ${KEY_LENGTH} characters at most`, 400);
    }
    const wait = allowance.take() || everyone.take();
    if (wait > 0) {
      return c.text("Not so fast", 429, {
        "Retry-After": `${Math.ceil(wait)}`,
      });
    }
    try {
      const { n } = await rooms.post(
        room,
        person,
        text.trim().toWellFormed(),
        key,
      );
      return c.json({ n }, 201);
    } catch {
      return c.text("The server cannot take it now", 503, {
        "Retry-After": "3",
      });
    }
  });
}

/**
 * The fields of a JSON body; none where it is not one. Another site's page cannot
 * send that type without asking first, which nobody answers.
 */
async function bodyOf({ req }: Context): Promise<Record<string, unknown>> {
  const type = req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return {};
  const body: unknown = await req.json().catch(() => undefined);
  return typeof body === "object" && body !== null ? { ...body } : {};
}

function isText(text: unknown): text is string {
  return typeof text === "string" && text.trim() !== "" &&
    text.length <= TEXT_LENGTH && !CONTROL.test(text) &&
    text.split("\n").length <= TEXT_LINES;
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
