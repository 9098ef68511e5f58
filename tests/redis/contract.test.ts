import { afterAll, beforeAll, describe } from "@std/testing/bdd";
import { redis } from "@sseserver/sseserver/redis";
import { engineContract } from "../tools/engine_contract.ts";
import { REDIS, REDIS_HINT, RedisServer } from "../tools/redis_server.ts";

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
});
