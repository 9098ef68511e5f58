import type { Context } from "hono";
import type { Clock } from "../clock.ts";
import { EVERYTHING, type Granted, parseGrant } from "../grant.ts";
import type { Action, Authorize } from "../server_options.ts";
import { isPromise } from "../publisher.ts";
import { quote } from "../quote.ts";
import type { ServerSettings } from "../server_settings.ts";

/** Milliseconds that a decision may take. */
const DECISION_TIME = 10_000;

/** What becomes of a request that wants to do something. */
export type Decision =
  | {
    readonly kind: "granted";
    readonly granted: Granted;
    /** Values of `Set-Cookie` headers that the response has to have. */
    readonly cookies?: readonly string[];
  }
  | Refused;

/** How it is refused. */
export interface Answered {
  readonly kind: "unauthorized" | "forbidden";
  readonly response: Response;
}

/** Why it is not done; `failed`: it could not be decided, which has been reported. */
export type Refused = Answered | { readonly kind: "failed" };

/** Has a program's `authorize` decide, whatever it does. */
export async function decide(
  authorize: Authorize,
  context: Context,
  namespaces: readonly string[],
  action: Action,
  { settings: { limits, clock }, report }: {
    readonly settings: ServerSettings;
    report(error: unknown): void;
  },
): Promise<Decision> {
  try {
    const { raw } = context.req;
    const answer = await inTime(
      authorize(raw, namespaces, context.env, action),
      clock,
    );
    const what = "Cannot use what 'authorize' returned";
    if (isResponse(answer)) {
      if (answer.bodyUsed || answer.body?.locked) {
        throw new TypeError(
          `${what} as that Response was sent before: return a new one each time`,
        );
      }
      return refusedWith(answer);
    }
    if (answer === true) return { kind: "granted", granted: EVERYTHING };
    if (answer === false) return forbidden(context, "not allowed");
    // What was looked up in vain, as in { user: session?.user }, is nothing.
    if (
      typeof answer === "object" &&
      Object.values(answer ?? {}).every((value) => value === undefined)
    ) {
      throw new TypeError(
        `${what} as everything is granted by true alone: current value is ${
          quote(answer)
        }`,
      );
    }
    const granted = parseGrant(answer, limits, what);
    if (granted.expires !== undefined && granted.expires <= clock.now()) {
      return unauthorized(context, "what was granted has expired");
    }
    return { kind: "granted", granted };
  } catch (error) {
    report(error);
    return { kind: "failed" };
  }
}

/** What is decided; rejects where it takes too long, as that holds a request up. */
async function inTime<T>(decision: T | Promise<T>, clock: Clock): Promise<T> {
  if (!isPromise(decision)) return decision;
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => {
      reject(
        new Error(
          `Cannot wait for 'authorize' any longer: it took ${DECISION_TIME} ms`,
        ),
      );
    }, DECISION_TIME);
  });
  try {
    return await Promise.race([decision, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Refuses who does not show who it is (RFC 9110 15.5.2). */
export function unauthorized(context: Context, why: string): Answered {
  return {
    kind: "unauthorized",
    response: context.text(`401 ${why}\n`, 401, {
      "WWW-Authenticate": "Bearer",
    }),
  };
}

/** Refuses what is not allowed. */
export function forbidden(context: Context, why: string): Answered {
  return { kind: "forbidden", response: context.text(`403 ${why}\n`, 403) };
}

function refusedWith(answer: Response): Answered {
  const { status, headers, body } = answer;
  const kind = status === 401 ? "unauthorized" : "forbidden";
  const response = answer instanceof Response
    ? answer
    : new Response(body, { status, headers });
  return { kind, response };
}

/** Also one of another class: what fetch returns, where Response was replaced. */
function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  if (typeof value !== "object" || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === "number" && typeof headers?.get === "function";
}
