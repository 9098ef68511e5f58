import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { ROOT, runtime } from "../tools/command.ts";
import { type Contender, type Kind, RUNTIMES } from "./contender.ts";
import { Nchan } from "./nchan.ts";
import { CORES, onCore, residentOf, type Server } from "./server.ts";
import type {
  Answer,
  Command,
  Publishing,
  ServerOptions,
} from "./servers/command.ts";

/** Milliseconds that a server gets for an answer. */
const PATIENCE = 30_000;

/** The program of each kind. */
const PROGRAMS: Record<Exclude<Kind, "nchan">, string> = {
  sseserver: "sseserver.ts",
  streamSSE: "stream_sse.ts",
  "better-sse": "better_sse.ts",
  bare: "bare.ts",
};

/** Starts a server on its core. */
export async function startServer(
  contender: Contender,
  options: ServerOptions = {},
): Promise<Server> {
  if (contender.kind === "nchan") return await Nchan.start(CORES.server);
  const program = new ServerProgram(contender, options);
  await program.listening();
  return program;
}

/** One of the programs in `servers/`. */
class ServerProgram implements Server {
  readonly path = "/subscribe/bench";
  port = 0;
  lastEventId: string | undefined;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #answered = (_: Answer) => {};

  constructor({ kind, runtime: on, name }: Contender, options: ServerOptions) {
    this.#name = name;
    const program = PROGRAMS[kind as Exclude<Kind, "nchan">];
    const [command, ...args] = onCore(CORES.server, [
      runtime(on!),
      ...RUNTIMES[on!],
      `tests/bench/servers/${program}`,
      JSON.stringify(options),
    ]);
    this.#child = spawn(command!, args, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", () => resolve());
      this.#child.on("exit", () => resolve());
    });
    // A command that comes too late shows as the end of the process.
    this.#child.stdin!.on("error", () => {});
    createInterface({ input: this.#child.stdout! }).on(
      "line",
      (line) => this.#answered(JSON.parse(line)),
    );
  }

  async listening(): Promise<void> {
    const { port, lastEventId } = await this.#answer();
    this.port = port!;
    this.lastEventId = lastEventId;
  }

  publish(publish: Publishing): void {
    this.#tell({ publish });
  }

  resident(): number {
    return residentOf(this.#child.pid!);
  }

  async residentAfterGC(): Promise<number> {
    this.#tell({ measure: true });
    await this.#answer();
    return this.resident();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #tell(command: Command): void {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  async #answer(): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await Promise.race([
        new Promise<Answer>((resolve) => this.#answered = resolve),
        this.#ended.then(() => {
          throw new Error(`${this.#name} has ended`);
        }),
        new Promise<never>((_, reject) => {
          timer = setTimeout(
            () => reject(new Error(`${this.#name} does not answer`)),
            PATIENCE,
          );
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }
}
