import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../tools/free_port.ts";
import { NCHAN, NGINX } from "./contender.ts";
import { onCore, residentOf, type Server } from "./server.ts";

/** Milliseconds that nginx gets to listen. */
const PATIENCE = 5_000;

/** nginx with nchan, one worker, and what is published over HTTP. */
export class Nchan implements Server {
  readonly path = "/sub";
  readonly publishPath = "/pub";
  readonly lastEventId = undefined;
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  /** Starts it on a core. */
  static async start(core: number): Promise<Nchan> {
    const port = await freePort();
    const folder = mkdtempSync(path.join(tmpdir(), "sseserver-nchan-"));
    const file = path.join(folder, "nginx.conf");
    writeFileSync(file, configuration(port, folder));
    const [command, ...args] = onCore(core, [NGINX, "-p", folder, "-c", file]);
    const child = spawn(command!, args, {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const nchan = new Nchan(port, folder, child);
    try {
      await listening(port);
    } catch (error) {
      await nchan[Symbol.asyncDispose]();
      throw error;
    }
    return nchan;
  }

  /** It is published to over HTTP. */
  publish(): void {}

  /** Of its worker: the master holds nothing. */
  resident(): number {
    const worker = execFileSync("pgrep", ["-P", `${this.#child.pid}`], {
      encoding: "utf8",
    });
    return residentOf(Number(worker.trim().split("\n")[0]));
  }

  /** It has no garbage. */
  residentAfterGC(): Promise<number> {
    return Promise.resolve(this.resident());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  return `
load_module ${NCHAN};
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr emerg;
worker_rlimit_nofile 20000;
events { worker_connections 19900; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = /pub {
      nchan_publisher;
      nchan_channel_id bench;
      nchan_message_buffer_length 100;
      nchan_message_timeout 10s;
    }
    location = /sub {
      nchan_subscriber eventsource;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }
  }
}
`;
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on("connect", () => resolve(true));
      socket.on("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > deadline) throw new Error("nginx does not listen");
    await setTimeout(20);
  }
}
