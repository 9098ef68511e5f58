import { jwtAuthorizer, type JWTAuthorizerOptions } from "@sseserver/sseserver";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { sign } from "hono/jwt";
import { generateKeyPairSync } from "node:crypto";
import { start as startServer, type TestServer } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

const SECRET = "a secret that has 32 bytes or more";
const AUDIENCE = "live";

const now = () => Math.floor(Date.now() / 1000);

/** Claims of a token that is good. */
function claims(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    sub: "42",
    aud: AUDIENCE,
    exp: now() + 60,
    subscribe: ["/users/42", "/news"],
    publish: ["/users/42/outbox"],
    ...more,
  };
}

function start(
  options: Partial<JWTAuthorizerOptions> = {},
): Promise<TestServer> {
  const authorize = jwtAuthorizer({
    ...("publicKey" in options ? {} : { secret: SECRET }),
    audience: AUDIENCE,
    ...options,
  });
  return startServer({ authorize, publish: { authorize } });
}

function bearer(token: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${token}` } };
}

function base64url(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

async function refused(server: TestServer, token: string): Promise<void> {
  const answer = await server.ask("/subscribe/users/42", bearer(token));
  assertEquals(answer.status, 401);
  assertStringIncludes(answer.header("www-authenticate")!, "Bearer");
  // Not a word of the token, and none of why.
  for (const part of token.split(".").filter(Boolean)) {
    assertEquals(answer.body.includes(part), false);
  }
}

async function publish(
  server: TestServer,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  const { status } = await server.ask(`/publish${path}`, {
    method: "POST",
    headers: {
      "Content-Type": "text/plain",
      "Content-Length": "1",
      ...headers,
    },
    body: "x",
  });
  return status;
}

describe("jwtAuthorizer", () => {
  it("lets in who has a token, to what it names", async () => {
    await using server = await start();
    const token = await sign(claims(), SECRET);
    const client = await server.open(
      "/subscribe/users?ns=/news",
      bearer(token),
    );
    const [row] = server.sse.status().connections;
    assertEquals([row!.namespace, row!.user], ["/news,/users/42", "42"]);
    server.sse.broadcast({ namespace: "/users/7", data: "no" });
    server.sse.broadcast({ namespace: "/users/42/mail", data: "yes" });
    await client.hearsLast("data:yes\n\n");
    assertEquals(client.body, ":ok\n\ndata:yes\n\n");
    const other = await server.ask("/subscribe/users/7", bearer(token));
    assertEquals(other.status, 403);
  });

  it("takes a subscriber's token from a cookie, never a publisher's", async () => {
    await using server = await start();
    const token = await sign(claims(), SECRET);
    const headers = { Cookie: `a=b; sse-token=${token}` };
    const client = await server.open("/subscribe/users/42", { headers });
    assertEquals(client.status, 200);
    assertEquals(await publish(server, "/users/42/outbox", headers), 401);
    assertEquals(
      await publish(server, "/users/42/outbox", bearer(token).headers),
      201,
    );
  });

  it("lets publish only below what the token names", async () => {
    await using server = await start();
    const { headers } = bearer(await sign(claims(), SECRET));
    const statuses: Record<string, number | number[]> = {
      "/users/42/outbox": 201,
      "/users/42/outbox/1": 201,
      "/users/42/inbox": 403,
      "/users/42/outbox2": 403,
      "/users/42": 403,
      // A host may have resolved the dots.
      "/users/42/outbox/../inbox": [400, 403],
      "/users/42/outbox/%2e%2e/inbox": [400, 403],
      "/users/42/outbox%2f..": 400,
      "/users/42/outbox%0d%0a": 400,
      "/": 403,
    };
    for (const [path, expected] of Object.entries(statuses)) {
      const status = await publish(server, path, headers);
      const isExpected = [expected].flat().includes(status);
      assertEquals([path, status, isExpected], [path, status, true]);
    }
  });

  it("reads no token from the URL", async () => {
    await using server = await start();
    const token = await sign(claims(), SECRET);
    for (const name of ["token", "access_token", "authorization", "jwt"]) {
      const answer = await server.ask(`/subscribe/users/42?${name}=${token}`);
      assertEquals([name, answer.status], [name, 401]);
    }
    const ticket = await server.ask(`/subscribe/users/42?ticket=${token}`);
    assertEquals(ticket.status, 401);
  });

  it("takes one algorithm, whatever a token says", async () => {
    await using server = await start();
    const payload = base64url(claims());
    for (const alg of ["none", "None", "NONE"]) {
      await refused(server, `${base64url({ alg, typ: "JWT" })}.${payload}.`);
    }
    await refused(server, await sign(claims(), SECRET, "HS512"));
    const good = await sign(claims(), SECRET);
    const [head, , signature] = good.split(".");
    await refused(server, `${head}.${payload.slice(0, -2)}xx.${signature}`);
    await refused(server, `${head}.${payload}.`);
    await refused(server, `${head}.${payload}`);
    await refused(server, "x");
    await refused(server, await sign(claims(), SECRET + "x"));
  });

  it("does not take a public key for a secret", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    await using server = await start({ publicKey, alg: "RS256" });
    const token = await sign(claims(), privateKey, "RS256");
    assertEquals(
      (await server.open("/subscribe/users/42", bearer(token))).status,
      200,
    );
    await refused(server, await sign(claims(), publicKey, "HS256"));
    // And the other way round: a token of RS256, looked at as one of HS256.
    await using hmac = await start({ secret: publicKey });
    await refused(hmac, token);
  });

  it("looks at exp, nbf, aud and iss", async () => {
    await using server = await start({ issuer: "login" });
    const iss = "login";
    const wrong: Record<string, unknown>[] = [
      { iss, exp: now() - 1 },
      { iss, exp: undefined },
      { iss, exp: "tomorrow" },
      { iss, nbf: now() + 60 },
      { iss, aud: "billing" },
      { iss, aud: ["billing", "mail"] },
      { iss, aud: undefined },
      { iss: "somebody" },
      { iss: undefined },
      { iss, subscribe: "/users/42" },
      { iss, subscribe: [42] },
      { iss, subscribe: ["/a/../b"] },
      { iss, sub: "a".repeat(257) },
      { iss, sub: "a\nb" },
      { iss, sub: null },
      { iss, sub: { name: "a" } },
      { iss, exp: 1e306 },
    ];
    for (const one of wrong) {
      await refused(server, await sign(claims(one), SECRET));
    }
    const good = await sign(claims({ iss, aud: ["mail", AUDIENCE] }), SECRET);
    assertEquals(
      (await server.open("/subscribe/users/42", bearer(good))).status,
      200,
    );
    const none = await sign(claims({ iss, subscribe: undefined }), SECRET);
    const answer = await server.ask("/subscribe/users/42", bearer(none));
    assertEquals(answer.status, 403);
  });

  it("refuses a token for somebody else where it has no audience", async () => {
    const authorize = jwtAuthorizer({ secret: SECRET });
    await using server = await startServer({ authorize });
    await refused(server, await sign(claims(), SECRET));
    const token = await sign(claims({ aud: undefined }), SECRET);
    assertEquals(
      (await server.open("/subscribe/users/42", bearer(token))).status,
      200,
    );
  });

  it("tells the operator of a key that is none", async () => {
    const errors: string[] = [];
    const publicKey =
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
    await using server = await startServer({
      authorize: jwtAuthorizer({ publicKey, alg: "ES256" }),
      onError: (error) => errors.push((error as Error).message),
    });
    const head = base64url({ alg: "ES256", typ: "JWT" });
    const token = `${head}.${base64url(claims())}.AAAA`;
    const answer = await server.ask("/subscribe/users/42", bearer(token));
    assertEquals([answer.status, /^retry:/.test(answer.body)], [200, true]);
    await until(() => errors.length > 0, "onError");
    assertStringIncludes(errors[0]!, "'publicKey'");
    assertEquals(errors[0]!.includes(head), false);
  });

  it("takes a number for a user's name", async () => {
    await using server = await start();
    const token = await sign(claims({ sub: 42 }), SECRET);
    await server.open("/subscribe/users/42", bearer(token));
    assertEquals(server.sse.disconnect({ user: "42" }), 1);
  });

  it("takes a token from a clock that is ahead", async () => {
    await using server = await start();
    const token = await sign(claims({ iat: now() + 60 }), SECRET);
    const { status } = await server.open("/subscribe/users/42", bearer(token));
    assertEquals(status, 200);
  });

  it("ends streams when the token expires", async () => {
    const ends: string[] = [];
    const authorize = jwtAuthorizer({ secret: SECRET, audience: AUDIENCE });
    await using server = await startServer({
      authorize,
      onDisconnect: (_, reason) => ends.push(reason),
    });
    const token = await sign(claims(), SECRET);
    const client = await server.open("/subscribe/users/42", bearer(token));
    server.sse.broadcast({ namespace: "/users/42", data: "1" });
    await client.hears(":ok\n\ndata:1\n\n");
    const { now: realNow } = Date;
    Date.now = () => realNow() + 60_000;
    try {
      await client.done();
      assertEquals([client.body, client.ending], [
        ":ok\n\ndata:1\n\n",
        "complete",
      ]);
      await until(() => ends.length === 1, "onDisconnect");
      assertEquals(ends, ["expired"]);
      await refused(server, token);
    } finally {
      Date.now = realNow;
    }
  });

  it("throws where an option is not as it should be", () => {
    const wrong: [unknown, string][] = [
      [{}, "either 'secret' or 'publicKey'"],
      [{ secret: SECRET, publicKey: "x" }, "either 'secret' or 'publicKey'"],
      [{ secret: "short" }, "'secret' must have at least 32 bytes"],
      [{ secret: SECRET, alg: "HS512" }, "at least 64 bytes"],
      [{ secret: SECRET, alg: "RS256" }, "'alg' must be one for a secret"],
      [{ secret: SECRET, alg: "none" }, "'alg' must be one for a secret"],
      [{ publicKey: "x" }, "'alg' must be one for a public key"],
      [{ publicKey: "x", alg: "HS256" }, "'alg' must be one for a public key"],
      [{ publicKey: "x", alg: "RS256" }, "'publicKey' must be PEM"],
      [{ publicKey: {}, alg: "RS256" }, "'publicKey' must be PEM"],
      [{ publicKey: 42, alg: "RS256" }, "'publicKey' must be PEM"],
      [{ secret: SECRET, audience: [] }, "'audience'"],
      [{ secret: SECRET, issuer: 7 }, "'issuer'"],
      [{ secret: SECRET, cookie: "a;b" }, "'cookie'"],
      [{ secret: SECRET, aud: "live" }, "'aud'"],
    ];
    for (const [options, message] of wrong) {
      assertThrows(
        () => jwtAuthorizer(options as JWTAuthorizerOptions),
        Error,
        message,
      );
    }
  });
});
