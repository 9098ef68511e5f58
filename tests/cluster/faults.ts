import type { Random } from "../stress/random.ts";
import type { RedisServer } from "../tools/redis_server.ts";
import { sleep } from "../tools/waiting.ts";
import type { RedisProxy } from "./redis_proxy.ts";
import type { ServerProcess } from "./server_process.ts";

/** What faults happen to. */
export interface Targets {
  readonly redis: RedisServer;
  /** One for each server. */
  readonly proxies: readonly RedisProxy[];
  readonly servers: readonly ServerProcess[];
  readonly random: Random;
}

/** A fault, over once it has resolved. */
export type Fault = (targets: Targets) => Promise<void>;

/** All that can go wrong, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  async "a server is killed"({ servers, random }) {
    const server = servers[random.below(servers.length)]!;
    server.kill();
    await sleep(random.between(0, 500));
    await server.start(random.below(1e9));
  },
  async "subscribers are cut off"({ redis }) {
    await redis.run(["CLIENT", "KILL", "TYPE", "pubsub"]);
  },
  async "Redis stands still for a moment"({ redis, random }) {
    redis.signal("SIGSTOP");
    await sleep(random.between(200, 1_500));
    redis.signal("SIGCONT");
  },
  async "Redis stands still for long"({ redis, random }) {
    redis.signal("SIGSTOP");
    await sleep(random.between(3_500, 5_000));
    redis.signal("SIGCONT");
  },
  async "Redis is killed and started again"({ redis, random }) {
    await redis.kill();
    await sleep(random.between(0, 1_500));
    await redis.start();
  },
  async "everything is flushed"({ redis }) {
    await redis.run(["FLUSHALL"]);
  },
  async "the stream is trimmed while servers are away"(
    { redis, proxies, random },
  ) {
    const proxy = proxies[random.below(proxies.length)]!;
    proxy.isBlackHole = true;
    await sleep(700);
    await redis.run(["XTRIM", "{sse}:events", "MAXLEN", "3"]);
    proxy.isBlackHole = false;
    proxy.cut();
  },
  async "subscribers may hardly buffer anything"({ redis, random }) {
    const limit = (bytes: string) =>
      redis.run([
        "CONFIG",
        "SET",
        "client-output-buffer-limit",
        `pubsub ${bytes} ${bytes} 0`,
      ]);
    await limit("4096");
    await sleep(random.between(500, 1_500));
    await limit("33554432");
  },
  async "the network is slow"({ proxies, random }) {
    for (const proxy of proxies) proxy.delay = random.between(10, 300);
    await sleep(1_000);
    for (const proxy of proxies) proxy.delay = 0;
  },
  async "the network is cut"({ proxies }) {
    for (const proxy of proxies) proxy.cut();
    await sleep(100);
    proxies[0]!.cut();
  },
  async "the network swallows everything"({ proxies, random }) {
    const proxy = proxies[random.below(proxies.length)]!;
    proxy.isBlackHole = true;
    await sleep(random.between(1_000, 3_500));
    // Half of a command may have been passed on: nothing that follows is one.
    proxy.cut();
    proxy.isBlackHole = false;
  },
};
