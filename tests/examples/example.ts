import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { ROOT } from "../tools/command.ts";
import { RUNTIME } from "../tools/runtime.ts";

/** How each runtime runs a file. */
const RUN: Record<typeof RUNTIME, string[]> = {
  deno: ["run", "-A", "--no-check"],
  bun: ["run"],
  node: [],
};

/** Milliseconds that an example gets until it listens. */
const START_LIMIT = 30_000;

/** An example that runs in a process of its own. */
export interface Example extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends it; resolves with its exit code, or the signal that it died of. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

/**
 * Starts an example and waits for the line that tells its port. By default from
 * a folder that is not the project's, as it must not matter.
 */
export async function start(
  name: string,
  { args = RUN[RUNTIME], cwd = "/", port = 0, env = {} }: {
    args?: string[];
    cwd?: string;
    port?: number;
    env?: Record<string, string>;
  } = {},
): Promise<Example> {
  const child = spawn(
    process.execPath,
    [...args, `${ROOT}/examples/${name}`],
    {
      cwd,
      env: { ...process.env, NO_COLOR: "1", PORT: String(port), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const ended = once(child, "close");
  async function end(signal: NodeJS.Signals = "SIGKILL") {
    // Not child.kill(): Deno 2.9 then reports that signal, whatever the end was.
    try {
      process.kill(child.pid!, signal);
    } catch {
      // It has ended, or never began.
    }
    const [code, died] = await ended;
    return code ?? died;
  }
  try {
    const url = await listening(child);
    return { url, end, [Symbol.asyncDispose]: async () => void await end() };
  } catch (error) {
    await end();
    throw error;
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`The example ${why}, and wrote: ${output}`));
    };
    const timer = setTimeout(() => fail("does not listen"), START_LIMIT);
    child.on("exit", (code) => fail(`ended with ${code}`));
    child.on("error", (error) => fail(`did not start: ${error.message}`));
    for (const stream of [child.stdout!, child.stderr!]) {
      // Read to the end: a full pipe would stop the example.
      stream.on("data", (chunk) => {
        output += chunk;
        const [, port] = /http:\/\/[\w.]+:(\d+)/.exec(output) ?? [];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(`http://localhost:${port}`);
      });
    }
  });
}

/** Opens a stream; resolves once it is open, so that it misses nothing later. */
export async function open(
  url: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const response = await fetch(url, {
    headers,
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}

/**
 * What a stream sends after its first chunk, up to the given number of events,
 * as it stands on the wire. Then closes it.
 */
export async function readEvents(
  stream: Response | Promise<Response>,
  events: number,
): Promise<string> {
  const { body } = await stream;
  let text = "";
  for await (const part of body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    const [first, ...rest] = text.split("\n\n");
    if (rest.length <= events) continue;
    if (!/^:ok\nretry:\d+$/.test(first!)) throw new Error(`Begins: ${first}`);
    return text.slice(first!.length + 2);
  }
  throw new Error(`The stream ended after: ${text}`);
}
