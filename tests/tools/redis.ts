import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** Where redis-server or valkey-server is; `undefined` without one. */
export const REDIS: string | undefined = process.env.PATH!
  .split(path.delimiter)
  .flatMap((folder) =>
    ["redis-server", "valkey-server"].map((name) => path.join(folder, name))
  )
  .find((file) => existsSync(file));

/** What a skipped test says in its name. */
export const REDIS_HINT: string = REDIS
  ? ""
  : " (needs: apt-get install redis-server)";
