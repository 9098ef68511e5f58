import type { Context } from "hono";
import { EVERYTHING, type Granted, parseGrant } from "../grant.ts";
import type { Action, Authorize } from "../options.ts";
import type { Settings } from "../settings.ts";

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
    readonly settings: Settings;
    report(error: unknown): void;
  },
): Promise<Decision> {
  try {
    const { raw } = context.req;
    const answer = await authorize(raw, namespaces, context.env, action);
    if (answer instanceof Response) return refusedWith(answer);
    if (answer === true) return { kind: "granted", granted: EVERYTHING };
    if (answer === false) return forbidden(context, "not allowed");
    if (typeof answer !== "object" || answer === null) {
      throw new TypeError(
        `Cannot use what 'authorize' returned as it must be a boolean, a Response or a grant: current value is ${answer}`,
      );
    }
    const granted = parseGrant(
      answer,
      limits,
      "Cannot use what 'authorize' returned",
    );
    if (granted.expires !== undefined && granted.expires <= clock.now()) {
      return unauthorized(context, "what was granted has expired");
    }
    return { kind: "granted", granted };
  } catch (error) {
    report(error);
    return { kind: "failed" };
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

function refusedWith(response: Response): Answered {
  const kind = response.status === 401 ? "unauthorized" : "forbidden";
  return { kind, response };
}
