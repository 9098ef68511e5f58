import {
  assertEquals,
  assertExists,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../tools/command.ts";
import { ENTRIES, installed, MANIFEST } from "./installed.ts";
import { ProjectProcess } from "./process.ts";
import { type Runtime, RUNTIMES } from "./runtimes.ts";

const TOKEN = "0123456789abcdef";
const COMMAND = "node_modules/.bin/sseserver";
const ANYWHERE = ["--host", "127.0.0.1", "--port", "0"];

/** Prints what every entry point exports. */
const IMPORTS = `
const names = {};
for (const entry of ${JSON.stringify([...ENTRIES.keys()])}) {
  names[entry] = Object.keys(await import(entry)).sort();
}
console.log(JSON.stringify(names));
`;

/** Prints why it cannot serve. */
const SERVES = `
import { SSEServer } from "${MANIFEST.name}";
const sse = new SSEServer();
try {
  await sse.serve({ port: 0, hostname: "127.0.0.1" });
  await sse.close();
} catch (error) {
  console.log(error.message);
}
`;

for (const runtime of RUNTIMES) {
  const { name, command, usesAdapter, sharesPorts } = runtime;
  describe(`on ${name}`, { ignore: command === undefined }, () => {
    it("the README's first program runs", async () => {
      const [code, namespace] = firstProgram();
      await using program = await start(runtime, code);
      const text = await heard(
        `${await program.url()}/subscribe${namespace}`,
        /(\ndata:.*\n[^]*){2}/,
      );
      assertMatch(
        text,
        /^:ok\nretry:\d+\n\ndata:"\d{4}-.*Z"\n\ndata:"\d{4}-.*Z"\n/,
      );
      program.signal("SIGTERM");
      assertEquals(await program.ended(), 0);
      assertEquals(program.stderr, "");
    });

    it("every entry point exports what its source does, and starts nothing", async () => {
      await using program = await start(runtime, IMPORTS);
      assertEquals([await program.ended(), program.stderr], [0, ""]);
      const names: Record<string, string[]> = {};
      for (const [entry, file] of ENTRIES) {
        names[entry] = Object.keys(await import(file)).sort();
      }
      assertEquals(JSON.parse(program.stdout), names);
    });

    it("the command tells what it can, and its version", async () => {
      const project = await installed();
      await using help = sseserver(runtime, project, ["--help"]);
      assertEquals([await help.ended(), help.stderr], [0, ""]);
      assertStringIncludes(help.stdout, "Usage: sseserver [options]");
      assertStringIncludes(help.stdout, `sseserver ${MANIFEST.version}`);
      assertStringIncludes(help.stdout, "--publish-token");
    });

    it("the command starts a hub", async () => {
      const project = await installed();
      await using hub = sseserver(runtime, project, ANYWHERE);
      const url = await hub.url();
      const events = heard(`${url}/subscribe/a`, /data:/, async () => {
        const response = await fetch(`${url}/publish/a/b`, {
          method: "POST",
          headers: {
            "Authorization": `Bearer ${TOKEN}`,
            "Content-Type": "application/json",
          },
          body: '{"event":"c","data":9007199254740993}',
        });
        await response.text();
        assertEquals(response.status, 201);
      });
      assertStringIncludes(await events, "event:c\ndata:9007199254740993\n");
      hub.signal("SIGTERM");
      assertEquals([await hub.ended(), hub.stderr], [0, ""]);
    });

    if (!sharesPorts) {
      it("a port that cannot be shared is not taken for one that is", async () => {
        const project = await installed();
        await using hub = sseserver(runtime, project, [
          ...ANYWHERE,
          "--reuse-port",
        ]);
        assertEquals(await hub.ended(), 1);
        assertEquals(
          hub.stderr,
          "error: Cannot serve on 127.0.0.1:0: 'reusePort' needs Node 22.12, or 23.1, or later\n",
        );
      });
    }

    it("what was left out when it was installed is named with its command", async () => {
      const project = await installed("--omit=optional");
      await using program = await start(runtime, SERVES, project);
      assertEquals([await program.ended(), program.stderr], [0, ""]);
      assertMatch(
        program.stdout,
        usesAdapter
          ? /^Cannot serve on 127\.0\.0\.1:0: .* the package '@hono\/node-server' is not installed: npm install @hono\/node-server@2\n$/
          : /Listening on http:\/\/127\.0\.0\.1:\d+\/\n/,
      );
      await using hub = sseserver(runtime, project, ANYWHERE);
      assertEquals(await hub.ended(), 1);
      assertEquals(
        hub.stderr,
        "error: Cannot read the command line as the package 'commander' is not installed: npm install commander@14\n",
      );
    });
  });
}

/** The README's first block of code, on a free port; and the namespace it speaks to. */
function firstProgram(): [string, string] {
  const readme = readFileSync(`${ROOT}/README.md`, "utf8");
  const [, code] = /^```ts\n([^]*?)^```$/m.exec(readme) ?? [];
  assertExists(code);
  const [, namespace] = /namespace: "([^"]+)"/.exec(code) ?? [];
  assertExists(namespace);
  assertEquals(code.split("port: 8001").length, 2, code);
  return [
    code.replace("port: 8001", 'port: 0, hostname: "127.0.0.1"'),
    namespace,
  ];
}

let programs = 0;

/** Runs a program that stands in a project. */
async function start(
  { command }: Runtime,
  code: string,
  folder?: string,
): Promise<ProjectProcess> {
  const project = folder ?? await installed();
  const file = `program${++programs}.js`;
  writeFileSync(path.join(project, file), code);
  return new ProjectProcess([...command!, file], project);
}

/** Runs the command, by itself where the first line of its file is what starts Node. */
function sseserver(
  { name, command }: Runtime,
  project: string,
  args: readonly string[],
): ProjectProcess {
  const [executable, ...before] = command!;
  const whole = name.startsWith("Node")
    ? [path.join(project, COMMAND), ...args]
    : [executable!, ...before, COMMAND, ...args];
  const folder = path.dirname(executable!);
  return new ProjectProcess(whole, project, {
    SSE_PUBLISH_TOKEN: TOKEN,
    PATH: `${folder}${path.delimiter}${process.env.PATH}`,
  });
}

/** Reads a stream until it has all of a pattern; `opened` is called once it is open. */
async function heard(
  url: string,
  pattern: RegExp,
  opened: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(30_000)]);
  const response = await fetch(url, { signal });
  assertEquals(response.status, 200);
  const opening = opened();
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    if (pattern.test(text)) break;
  }
  await opening;
  left.abort();
  return text;
}
