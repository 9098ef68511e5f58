import { existsSync } from "node:fs";
import { ROOT } from "../tools/command.ts";

/** What can be measured. */
export type Kind = "sseserver" | "streamSSE" | "better-sse" | "nchan" | "bare";

/** A runtime's name. */
export type Runtime = "bun" | "deno" | "node";

/** The runtimes, and how each runs a program that may collect garbage. */
export const RUNTIMES: Readonly<Record<Runtime, readonly string[]>> = {
  bun: ["run"],
  deno: ["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
  node: ["--expose-gc"],
};

/** A server that takes part. */
export interface Contender {
  readonly kind: Kind;
  /** What it runs on; `undefined`: by itself. */
  readonly runtime?: Runtime;
  /** As results call it. */
  readonly name: string;
}

const LABELS: Record<Runtime, string> = {
  bun: "Bun",
  deno: "Deno",
  node: "Node",
};

/** How each kind is called where it is not by its own name. */
const NAMES: Partial<Record<Kind, string>> = { bare: "bare Response" };

/** Where Debian has nginx and the module of nchan. */
export const NGINX = "/usr/sbin/nginx";
export const NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** Everyone who takes part, in the order in which they are shown. */
export function contenders(): Contender[] {
  const all = (kind: Kind): Contender[] =>
    (Object.keys(RUNTIMES) as Runtime[]).map((runtime) => on(kind, runtime));
  return [
    ...all("sseserver"),
    ...existsSync(NGINX) && existsSync(NCHAN)
      ? [{ kind: "nchan", name: "nchan" } as const]
      : [],
    ...existsSync(`${ROOT}/node_modules/better-sse`)
      ? [on("better-sse", "node")]
      : [],
    ...all("streamSSE"),
    ...all("bare"),
  ];
}

function on(kind: Kind, runtime: Runtime): Contender {
  return {
    kind,
    runtime,
    name: `${NAMES[kind] ?? kind} on ${LABELS[runtime]}`,
  };
}
