import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { ROOT } from "./command.ts";
import { freePort } from "./free_port.ts";
import { until } from "./waiting.ts";

/** Where nginx is; `undefined` without one. */
export const NGINX: string | undefined = [
  ...process.env.PATH!.split(path.delimiter),
  "/usr/sbin",
].map((folder) => path.join(folder, "nginx")).find((file) => existsSync(file));

/** What a skipped test says in its name. */
export const NGINX_HINT: string = NGINX
  ? ""
  : " (needs: apt-get install nginx)";

/** nginx with the configuration of the documentation, in front of a server. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  #output = "";
  #hasEnded = false;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    this.#child = spawn(NGINX!, [
      "-p",
      folder,
      "-c",
      "nginx.conf",
      "-e",
      "stderr",
    ]);
    this.#child.stderr!.on("data", (text) => this.#output += text);
    this.#child.on("close", () => this.#hasEnded = true);
  }

  /** Starts it on a free port. */
  static async start(target: number): Promise<Nginx> {
    const port = await freePort();
    const folder = mkdtempSync(path.join(tmpdir(), "sseserver-nginx-"));
    writeFileSync(path.join(folder, "nginx.conf"), configuration(port, target));
    const nginx = new Nginx(port, folder);
    try {
      let answers = false;
      const knock = async () => {
        try {
          await (await fetch(`http://127.0.0.1:${port}/`)).text();
          answers = true;
        } catch {
          // Not yet.
        }
      };
      await until(
        () => {
          if (nginx.#hasEnded) throw new Error(`nginx: ${nginx.#output}`);
          void knock();
          return answers;
        },
        () => `nginx to listen: ${nginx.#output}`,
      );
      return nginx;
    } catch (error) {
      await nginx[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
    await until(() => this.#hasEnded, "the end of nginx");
    rmSync(this.#folder, { recursive: true });
  }
}

/** The documentation's, with what only a test needs. */
function configuration(port: number, target: number): string {
  const text = readFileSync(`${ROOT}/docs/reverse-proxy.md`, "utf8");
  const [, block] = /```nginx\n([^]*?)```/.exec(text)!;
  const replaced = block!
    .replace("listen 80;", `listen 127.0.0.1:${port};`)
    .replace("server 127.0.0.1:8001;", `server 127.0.0.1:${target};`);
  if (!replaced.includes(`${port}`) || !replaced.includes(`${target}`)) {
    throw new Error("The documentation's configuration has other ports");
  }
  // In the foreground and one process, and nothing outside its folder.
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${name};\n`,
  );
  return "daemon off;\nmaster_process off;\npid nginx.pid;\n" +
    replaced.replace(
      "http {\n",
      `http {\n  access_log off;\n${folders.join("")}`,
    );
}
