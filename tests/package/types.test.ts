import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT, runtime } from "../tools/command.ts";
import { ENTRIES, installed, MANIFEST, outputs } from "./installed.ts";

/** As strict as it gets; declarations are checked too. */
const STRICT = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  target: "es2022",
  typeRoots: [path.join(ROOT, "node_modules/@types")],
};

const RESOLUTIONS = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

/** Entry points that speak of `node:http`, to whoever has its types. */
const OF_NODE = [`${MANIFEST.name}/node`];

/** What a program knows of its host. */
const HOSTS = {
  "the DOM and no @types/node": {
    options: { lib: ["es2022", "dom"], types: [] },
    entries: [...ENTRIES.keys()].filter((name) => !OF_NODE.includes(name)),
  },
  "@types/node and no DOM": {
    options: { lib: ["es2022"], types: ["node"] },
    entries: [...ENTRIES.keys()],
  },
};

/** Uses what has needed more than those libraries. */
const PROGRAM = `
import { jwtAuthorizer, SSEServer, type Status } from "${MANIFEST.name}";

export async function answer(request: Request): Promise<Status> {
  await using sse = new SSEServer({ history: true });
  sse.broadcast({ namespace: "/a", data: { b: 1 } });
  await using handle = await sse.serve({ port: 0, log: false });
  const id: string = await sse.publish({ namespace: "/a", data: "" });
  const response: Response = await sse.subscribe(request, "/a", {
    headers: { "X-Port": String(handle.port), "X-Id": id },
  });
  await response.text();
  const jwk = { kty: "OKP", crv: "Ed25519", x: "" };
  const keys = [
    jwk,
    await crypto.subtle.importKey("jwk", jwk, "Ed25519", true, ["verify"]),
  ];
  for (const publicKey of keys) jwtAuthorizer({ publicKey, alg: "EdDSA" });
  // @ts-expect-error: The declarations were read.
  sse.broadcast({ namespace: 1, data: "" });
  return sse.status();
}
`;

describe("the types of the npm package", () => {
  for (const [resolution, how] of Object.entries(RESOLUTIONS)) {
    for (const [host, { options, entries }] of Object.entries(HOSTS)) {
      it(`compile with ${resolution}, ${host}`, async () => {
        const project = await installed();
        const compilerOptions = { ...STRICT, ...how, ...options };
        writeFileSync(`${project}/program.ts`, programOf(entries));
        writeFileSync(
          `${project}/tsconfig.json`,
          JSON.stringify({ compilerOptions, files: ["program.ts"] }),
        );
        assertEquals(
          await outputs(`${ROOT}/node_modules/.bin/tsc`, [], project),
          { stdout: "", stderr: "" },
        );
      });
    }
  }

  it("compile on Deno, in a project that npm has installed", async () => {
    const project = await installed();
    const entries = [...ENTRIES.keys()].filter((name) =>
      !OF_NODE.includes(name)
    );
    writeFileSync(`${project}/deno.ts`, programOf(entries));
    await outputs(runtime("deno"), [
      "check",
      "--node-modules-dir=manual",
      "deno.ts",
    ], project);
  });
});

function programOf(entries: readonly string[]): string {
  const imports = entries.map((name, i) => `import * as e${i} from "${name}";`);
  const used = entries.map((_, i) => `e${i}`);
  return `${imports.join("\n")}${PROGRAM}export const used = [${used}];\n`;
}
