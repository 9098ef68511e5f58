import type { Context } from "hono";
import type { PublishRefusalReason } from "../counters.ts";
import { MessageTooLargeError } from "../message.ts";
import type { Answered } from "./access.ts";

/** Seconds after which who was refused for now should come back. */
const RETRY_AFTER = "1";

/** Why a request to publish is refused, and how it is answered. */
export class Refusal extends Error {
  readonly reason: PublishRefusalReason;
  readonly response: Response;

  constructor(reason: PublishRefusalReason, response: Response) {
    super(reason);
    this.reason = reason;
    this.response = response;
  }
}

/** What `parse` returns; throws a Refusal with the message of what it throws. */
export function valid<T>(context: Context, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { message } = error as Error;
    throw error instanceof MessageTooLargeError
      ? new Refusal("tooLarge", context.text(`413 ${message}\n`, 413))
      : new Refusal("malformed", context.text(`400 ${message}\n`, 400));
  }
}

/** The same as for who subscribes. */
export function refusal(refused: Answered): Refusal {
  return new Refusal(refused.kind, refused.response);
}

/** The body has more than the bytes of a message and of what it comes in. */
export function tooLarge(context: Context, most: number): Refusal {
  return new Refusal(
    "tooLarge",
    context.text(
      `413 the body must not be larger than ${most} bytes (limits.messageBytes and a margin)\n`,
      413,
      { Connection: "close" },
    ),
  );
}

/** The client has gone, or what it sent is no HTTP. */
export function unreadable(context: Context): Refusal {
  return new Refusal(
    "malformed",
    context.text("400 the body could not be read\n", 400),
  );
}

/** What the program is told of {@linkcode bodyTaken}. */
export const BODY_TAKEN =
  "Cannot publish as the body was read before: mount the server before what parses bodies, such as express.json(), or keep the body, a Buffer, as 'rawBody' of Node's request";

/** The program has read the body itself. */
export function bodyTaken(context: Context): Refusal {
  return new Refusal(
    "unavailable",
    context.text(
      "500 the body was read before: mount the server before what parses bodies\n",
      500,
    ),
  );
}

/** The body did not come in time. */
export function tooSlow(context: Context): Refusal {
  return new Refusal(
    "slow",
    context.text("408 the body took too long\n", 408, { Connection: "close" }),
  );
}

/** It cannot be decided on, or accepted, for now. */
export function unavailable(
  context: Context,
  reason: "authorize" | "unavailable" = "unavailable",
): Refusal {
  return new Refusal(
    reason,
    context.text("503 cannot be accepted now\n", 503, {
      "Retry-After": RETRY_AFTER,
    }),
  );
}
