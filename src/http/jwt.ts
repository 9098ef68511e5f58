import { verify } from "hono/jwt";
import { parse as parseCookies } from "hono/utils/cookie";
import { type Grant, parseGrant } from "../grant.ts";
import { checkNames } from "../option_check.ts";
import type { Action, Authorize } from "../server_options.ts";
import { quote } from "../quote.ts";
import { bearerToken } from "../secrets.ts";

/** Algorithms with one secret for both sides (RFC 7518 3.2). */
export type SecretAlgorithm = "HS256" | "HS384" | "HS512";

/** Algorithms with a public key (RFC 7518 3.3 to 3.5, RFC 8037). */
export type PublicKeyAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA";

/** A public key as JSON (RFC 7517); its members are those of its `kty`. */
export interface PublicJWK {
  /** Family: `RSA`, `EC` or `OKP`. */
  readonly kty?: string;
  /** Its name. */
  readonly kid?: string;
  /** Algorithm that it is for. */
  readonly alg?: string;
  /** What it is for: `sig`. */
  readonly use?: string;
  /** What it is for, in Web Crypto's terms: `verify`. */
  readonly key_ops?: string[];
  /** Whether it may be exported. */
  readonly ext?: boolean;
  /** Modulus (RSA). */
  readonly n?: string;
  /** Exponent (RSA). */
  readonly e?: string;
  /** Curve (EC, OKP). */
  readonly crv?: string;
  /** Coordinate (EC), or the key itself (OKP). */
  readonly x?: string;
  /** Coordinate (EC). */
  readonly y?: string;
}

/** `CryptoKey`, which Node's types do not have under that name. */
export type WebCryptoKey = Awaited<
  ReturnType<typeof crypto.subtle.importKey>
>;

/** Options of {@linkcode jwtAuthorizer}: either `secret` or `publicKey` and `alg`. */
export interface JWTAuthorizerOptions {
  /**
   * What tokens are signed with, at least as many bytes as the algorithm's digest
   * has (RFC 7518 3.2): 32 for HS256.
   */
  readonly secret?: string;
  /** What their signatures are verified with: PEM, a JWK or a `CryptoKey`. */
  readonly publicKey?: string | PublicJWK | WebCryptoKey;
  /**
   * The only algorithm that is taken, whatever a token says. HS256 by default with
   * a `secret`; needed with a `publicKey`.
   */
  readonly alg?: SecretAlgorithm | PublicKeyAlgorithm;
  /**
   * One of these has to be among the token's `aud`. By default a token must have
   * none: it would be meant for somebody else (RFC 7519 4.1.3).
   */
  readonly audience?: string | readonly string[];
  /** What the token's `iss` has to be. By default that is not looked at. */
  readonly issuer?: string;
  /**
   * Name of a cookie that may hold the token of a subscriber, for pages: it should
   * be `HttpOnly` and `SameSite`.
   *
   * @default {"sse-token"}
   */
  readonly cookie?: string;
}

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof JWTAuthorizerOptions>([
  "secret",
  "publicKey",
  "alg",
  "audience",
  "issuer",
  "cookie",
]);

/** Bytes of the digests of these algorithms. */
const SECRET_BYTES: Readonly<Record<string, number>> = {
  HS256: 32,
  HS384: 48,
  HS512: 64,
};

const PUBLIC_KEY_ALGORITHMS: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] satisfies PublicKeyAlgorithm[];

/** The server looks at these once more, with its own limits. */
const ANY_LENGTH = { namespaceLength: 65_536, namespaceDepth: 1_024 };

/** A cookie's name (RFC 6265 4.1.1: a token of RFC 9110). */
const COOKIE_NAME = /^[!#$%&'*+\-.^`|~\w]+$/;

/**
 * Decides by JSON Web Tokens (RFC 7519) who may hear and publish what.
 *
 * A token has the claims `subscribe` and `publish`, lists of namespaces, each with
 * everything below it; `exp`, which is also when its streams end; and `sub`, who it
 * is, if it likes. It comes in an `Authorization: Bearer` header, or, of a
 * subscriber, in a cookie. It is not read from the URL, which ends up in logs: for
 * EventSource there is {@linkcode SSEServer.ticket}.
 *
 * Throws a `TypeError` or `RangeError` that names the option when one is not as
 * {@linkcode JWTAuthorizerOptions} has it.
 *
 * @example One secret for subscribers and publishers
 * ```ts no-eval
 * import { jwtAuthorizer, SSEServer } from "@sseserver/sseserver";
 *
 * const secret = "a secret of 32 bytes or more, from the environment";
 * const authorize = jwtAuthorizer({ secret, audience: "live" });
 * const sse = new SSEServer({ authorize, publish: { authorize } });
 * ```
 */
export function jwtAuthorizer(options: JWTAuthorizerOptions): Authorize {
  checkNames(options, OPTION_NAMES, "Cannot create a JWT authorizer");
  const { key, alg } = keyOf(options);
  const { audience, issuer, cookie = "sse-token" } = options;
  const audiences = audience === undefined || typeof audience !== "string"
    ? audience
    : [audience];
  if (
    audiences !== undefined &&
    (!Array.isArray(audiences) || audiences.length === 0 ||
      !audiences.every(isText))
  ) throw bad("'audience' must be a string or several", audience);
  if (issuer !== undefined && !isText(issuer)) {
    throw bad("'issuer' must be a string", issuer);
  }
  if (typeof cookie !== "string" || !COOKIE_NAME.test(cookie)) {
    throw bad("'cookie' must be the name of a cookie", cookie);
  }
  const checks = {
    alg,
    // It tells when a token was made (RFC 7519 4.1.6), by a clock that may be ahead.
    iat: false,
    ...(audiences === undefined ? {} : { aud: [...audiences] }),
    ...(issuer === undefined ? {} : { iss: issuer }),
  };
  return async (request, _namespaces, _info, action) => {
    const token = bearerToken(request) ??
      (action === "subscribe"
        ? parseCookies(request.headers.get("cookie") ?? "", cookie)[cookie]
        : undefined);
    if (token === undefined) {
      return unauthorized(
        "a token is needed, in an 'Authorization: Bearer' header",
      );
    }
    let claims: Record<string, unknown>;
    try {
      claims = await verify(token, key, checks);
    } catch (error) {
      // What is wrong with the token would have to quote it; anything else is the key.
      if ((error as Error).name.startsWith("Jwt")) {
        return unauthorized("the token is not valid", "invalid_token");
      }
      throw new TypeError(
        `Cannot use 'publicKey' or 'secret' for ${alg}: ${
          (error as Error).message
        }`,
      );
    }
    if (audiences === undefined && claims.aud !== undefined) {
      return unauthorized("the token is for another audience", "invalid_token");
    }
    if (typeof claims.exp !== "number") {
      return unauthorized("the token has no 'exp'", "invalid_token");
    }
    const grant = grantOf(claims, action);
    try {
      parseGrant(grant, ANY_LENGTH, "Cannot use the token");
    } catch {
      return unauthorized(
        `the token's '${action}' must be a list of namespaces, and 'sub' a short text`,
        "invalid_token",
      );
    }
    return grant;
  };
}

function keyOf(
  { secret, publicKey, alg }: JWTAuthorizerOptions,
): { key: string | PublicJWK | WebCryptoKey; alg: NonNullable<typeof alg> } {
  if ((secret === undefined) === (publicKey === undefined)) {
    throw new TypeError(
      "Cannot create a JWT authorizer as it needs either 'secret' or 'publicKey'",
    );
  }
  if (publicKey !== undefined) {
    if (alg === undefined || !PUBLIC_KEY_ALGORITHMS.includes(alg)) {
      throw bad(
        `'alg' must be one for a public key: ${
          PUBLIC_KEY_ALGORITHMS.join(", ")
        }`,
        alg,
      );
    }
    const isPEM = typeof publicKey === "string" &&
      publicKey.includes("-----BEGIN PUBLIC KEY-----");
    const isKey = typeof publicKey === "object" && publicKey !== null &&
      ("kty" in publicKey || "algorithm" in publicKey);
    if (!isPEM && !isKey) {
      throw new TypeError(
        "Cannot create a JWT authorizer as 'publicKey' must be PEM of a PUBLIC KEY, a JWK or a CryptoKey",
      );
    }
    return { key: publicKey, alg };
  }
  const chosen = alg ?? "HS256";
  const bytes = Object.hasOwn(SECRET_BYTES, chosen)
    ? SECRET_BYTES[chosen]
    : undefined;
  if (bytes === undefined) {
    throw bad(
      `'alg' must be one for a secret: ${Object.keys(SECRET_BYTES).join(", ")}`,
      alg,
    );
  }
  if (typeof secret !== "string") {
    throw bad("'secret' must be a string", secret);
  }
  const { length } = new TextEncoder().encode(secret);
  if (length < bytes) {
    throw new RangeError(
      `Cannot create a JWT authorizer as 'secret' must have at least ${bytes} bytes for ${chosen}: current value has ${length}`,
    );
  }
  return { key: secret, alg: chosen };
}

function grantOf(claims: Record<string, unknown>, action: Action): Grant {
  const { sub, exp } = claims;
  return {
    // Without the claim, nothing is granted. What it holds is looked at later.
    namespaces: (claims[action] ?? []) as string[],
    expires: (exp as number) * 1000,
    // Many have a number there, though it should be a text (RFC 7519 4.1.2).
    ...(sub === undefined
      ? {}
      : { user: typeof sub === "number" ? `${sub}` : sub as string }),
  };
}

/** An answer as RFC 6750 3 has it. */
function unauthorized(why: string, error?: "invalid_token"): Response {
  return new Response(`401 ${why}\n`, {
    status: 401,
    headers: {
      "WWW-Authenticate": error === undefined
        ? "Bearer"
        : `Bearer error="${error}"`,
      "Content-Type": "text/plain; charset=utf-8",
    },
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function bad(rule: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot create a JWT authorizer as ${rule}: current value is ${
      quote(value)
    }`,
  );
}
