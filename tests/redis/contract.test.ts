import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { redis } from "@sseserver/sseserver/redis";
import { engineContract } from "../tools/engine_contract.ts";
import { Program } from "../tools/program.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";
import { RUNTIME } from "../tools/runtime.ts";

describe(`on a Redis${REDIS_HINT}`, { ignore: REDIS === undefined }, () => {
  let server: RedisServer;
  let engines = 0;
  beforeAll(async () => {
    if (REDIS !== undefined) server = await RedisServer.start();
  });
  afterAll(async () => await server?.[Symbol.asyncDispose]());

  engineContract(
    "redis()",
    () => redis({ url: server.url, prefix: `contract-${++engines}` }),
  );

  if (RUNTIME !== "deno") return;
  it("needs a permission on Deno, without which serve() rejects", async () => {
    await using program = new Program(
      `
      import { SSEServer } from "@sseserver/sseserver";
      import { redis } from "@sseserver/sseserver/redis";
      const sse = new SSEServer({ engine: redis({ url: "${server.url}" }) });
      await sse.serve({ port: 0, hostname: "127.0.0.1" });
      `,
      ["run", "--allow-net", "--no-prompt"],
    );
    assertEquals(await program.end(), 1);
    assertStringIncludes(
      program.output,
      'Cannot use Redis: Requires env access to "REDIS_DEBUG_MAINTENANCE"',
    );
  });
});
