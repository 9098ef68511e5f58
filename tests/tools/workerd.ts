import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT, runtime } from "./command.ts";
import { until } from "./waiting.ts";

const BINARY = path.join(ROOT, "node_modules/.bin/workerd");

/** Where workerd is; `undefined` where npm has none for this machine. */
export const WORKERD: string | undefined =
  spawnSync(BINARY, ["--version"]).status === 0 ? BINARY : undefined;

/** What a skipped test says in its name. */
export const WORKERD_HINT: string = WORKERD
  ? ""
  : " (needs: npm ci on a machine that workerd runs on)";

/** A worker, with the fields that wrangler.jsonc has. */
export interface WorkerConfig {
  /** Its module, from the top of the project, where `code` is to be if it is given. */
  readonly main: string;
  readonly code?: string;
  readonly compatibility_date: string;
  readonly compatibility_flags?: readonly string[];
  readonly durable_objects?: {
    readonly bindings: readonly { name: string; class_name: string }[];
  };
  readonly vars?: Readonly<Record<string, string>>;
}

/** workerd with some workers, each with a socket of its own. */
export class Workerd implements AsyncDisposable {
  /** What it has printed. */
  output = "";
  #ended = false;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ports: Map<string, number> = new Map();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = spawn(
      WORKERD!,
      ["serve", "workerd.capnp", "--control-fd=3"],
      { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] },
    );
    const hear = (text: unknown) => this.output += text;
    this.#child.stdout!.on("data", hear);
    this.#child.stderr!.on("data", hear);
    let control = "";
    this.#child.stdio[3]!.on("data", (text) => {
      const lines = (control += text).split("\n");
      control = lines.pop()!;
      for (const line of lines) {
        const { event, socket, port } = JSON.parse(line);
        if (event === "listen") this.#ports.set(socket, port);
      }
    });
    this.#child.on("error", (error) => this.output += error.message);
    this.#child.on("close", () => this.#ended = true);
  }

  /** Bundles the workers and starts them on free ports. */
  static async start(
    workers: Readonly<Record<string, WorkerConfig>>,
  ): Promise<Workerd> {
    const folder = mkdtempSync(path.join(tmpdir(), "sseserver-workerd-"));
    for (const [name, { main, code }] of Object.entries(workers)) {
      writeFileSync(path.join(folder, `${name}.js`), bundle(main, code));
    }
    writeFileSync(path.join(folder, "workerd.capnp"), configOf(workers));
    const workerd = new Workerd(folder);
    try {
      await until(
        () => {
          if (workerd.#ended) throw new Error(`workerd: ${workerd.output}`);
          return workerd.#ports.size === Object.keys(workers).length;
        },
        () => `workerd to listen: ${workerd.output}`,
      );
      return workerd;
    } catch (error) {
      await workerd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The port of a worker. */
  port(name: string): number {
    return this.#ports.get(name)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await until(() => this.#ended, "the end of workerd");
    rmSync(this.#folder, { recursive: true });
  }
}

/** Reads a wrangler.jsonc, which has to be JSON, from its place in the project. */
export function readWrangler(file: string): WorkerConfig {
  const config = JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));
  return { ...config, main: path.join(path.dirname(file), config.main) };
}

/** The module with all that it imports, as bundlers make it for browsers and workers. */
export function bundle(main: string, code?: string): string {
  const file = path.join(ROOT, main);
  if (code === undefined) return bundleFile(file);
  // It imports the package by name, so it has to lie within it.
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, code, { flag: "wx" });
  try {
    return bundleFile(file);
  } finally {
    rmSync(file);
  }
}

function bundleFile(main: string): string {
  const { status, stdout, stderr } = spawnSync(runtime("bun"), [
    "build",
    main,
    "--format=esm",
    "--external=node:*",
  ], { cwd: ROOT, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 });
  if (status !== 0) throw new Error(`Cannot bundle ${main}: ${stderr}`);
  return stdout;
}

/** workerd's own format: https://github.com/cloudflare/workerd, workerd.capnp. */
function configOf(workers: Readonly<Record<string, WorkerConfig>>): string {
  const entries = Object.entries(workers);
  const list = (items: string[]) => `[ ${items.join(", ")} ]`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = ${
    list(entries.map(([name]) => `(name = "${name}", worker = .${name})`))
  },
  sockets = ${
    list(entries.map(([name]) =>
      `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}")`
    ))
  }
);
${entries.map(([name, config]) => workerOf(name, config)).join("")}`;

  function workerOf(name: string, config: WorkerConfig): string {
    const { compatibility_flags = [], durable_objects, vars = {} } = config;
    const objects = durable_objects?.bindings ?? [];
    return `const ${name} :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "${name}.js") ],
  compatibilityDate = "${config.compatibility_date}",
  compatibilityFlags = ${list(compatibility_flags.map(quoted))},
  durableObjectNamespaces = ${
      list(objects.map(({ class_name }) =>
        `(className = "${class_name}", uniqueKey = "${name}-${class_name}")`
      ))
    },
  durableObjectStorage = (inMemory = void),
  bindings = ${
      list([
        ...objects.map(({ name, class_name }) =>
          `(name = "${name}", durableObjectNamespace = "${class_name}")`
        ),
        ...Object.entries(vars).map(([name, text]) =>
          `(name = "${name}", text = ${quoted(text)})`
        ),
      ])
    }
);
`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
