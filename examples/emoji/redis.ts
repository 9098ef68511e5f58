import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** What to do where {@linkcode REDIS} is not there. */
export const REDIS_HINT = `\
This needs Redis 7.0 or later, or Valkey. Install it, or set REDIS_URL to one:

    apt-get install redis-server     # Debian, Ubuntu
    brew install redis               # macOS`;

/** Where redis-server or valkey-server is; `undefined` without one. */
export const REDIS: string | undefined = process.env.PATH
  ?.split(path.delimiter)
  .flatMap((folder) =>
    ["redis-server", "valkey-server"].map((name) => path.join(folder, name))
  )
  .find((file) => existsSync(file));

/** The command of one that keeps nothing, and listens on loopback only. */
export function redisCommand(port: number, folder: string): string[] {
  return [
    REDIS!,
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
    ...["--save", "", "--appendonly", "no"],
  ];
}
