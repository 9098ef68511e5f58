import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { ROOT, runtime } from "../tools/command.ts";
import { installed, MANIFEST, outputs } from "./installed.ts";

const PROGRAM = `
import { SSEServer } from "${MANIFEST.name}";
import { Hono } from "other-hono";

const sse = new SSEServer();
const app = new Hono();
app.mount("/live", sse.fetch);
const answer = await app.request("/live/subscribe/pets", { method: "HEAD" });
console.log(answer.status, answer.headers.get("content-type"));
`;

const ROUTED = `
// @ts-expect-error The app of the server is one of another Hono.
const routed = new Hono().route("/live", sse.app);
const { status } = await routed.request("/live/subscribe/pets", {
  method: "HEAD",
});
console.log(status);
`;

describe("an app whose Hono is another one, as that of JSR", () => {
  it("takes sse.fetch by mount, and sse.app by route but for its type", async () => {
    const project = await installed();
    const copy = `${project}/node_modules/other-hono`;
    cpSync(`${project}/node_modules/hono`, copy, { recursive: true });
    // TypeScript takes packages of one name and version for one.
    const manifest = JSON.parse(readFileSync(`${copy}/package.json`, "utf8"));
    Object.assign(manifest, { name: "other-hono", version: "0.0.1" });
    writeFileSync(`${copy}/package.json`, JSON.stringify(manifest));

    writeFileSync(`${project}/mounts.mts`, PROGRAM + ROUTED);
    assertEquals(
      await outputs(`${ROOT}/node_modules/.bin/tsc`, [
        "--ignoreConfig",
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--types",
        "node",
        "--typeRoots",
        `${ROOT}/node_modules/@types`,
        "mounts.mts",
      ], project),
      { stdout: "", stderr: "" },
    );

    writeFileSync(`${project}/mounts.mjs`, PROGRAM + ROUTED);
    const { stdout } = await outputs(
      runtime("node"),
      ["mounts.mjs"],
      project,
    );
    assertEquals(stdout, "200 text/event-stream; charset=utf-8\n200\n");
  });
});
