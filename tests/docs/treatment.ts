import type { Block } from "../tools/markdown.ts";

/** A runtime that programs are run on. */
export type Runtime = "deno" | "bun" | "node";

/**
 * How the tests treat a block of code of the documentation. Its language and the mark
 * above it say which; CONTRIBUTING.md has the list.
 */
export type Treatment =
  /** Run on some runtimes; types are checked by `npm test -- static`. */
  | {
    readonly kind: "program";
    readonly runtimes: readonly Runtime[];
    /** Whether it needs a Redis. */
    readonly redis: boolean;
  }
  /** Run in a page that comes from the program above it. */
  | { readonly kind: "page" }
  /** What a terminal shows while the program above it runs. */
  | { readonly kind: "transcript" }
  /** What the program above it sends to a stream of `/`. */
  | { readonly kind: "sent" }
  /** Run by a test of its own. */
  | { readonly kind: "elsewhere"; readonly test: string }
  | { readonly kind: "unrun"; readonly why: string };

const RUNTIMES: readonly Runtime[] = ["deno", "bun", "node"];

/** Languages of programs: readers have to see it where such a block was not run. */
const PROGRAMS: readonly string[] = ["ts", "js"];

/** Throws a SyntaxError that names the block where nothing says what to do with it. */
export function treatmentOf(block: Block): Treatment {
  const { mark = "", language, isIgnored } = block;
  const [, why] = /^_Not run here: (needs .+)\._$/.exec(mark) ?? [];
  if (why !== undefined) return { kind: "unrun", why };
  if (isIgnored) throw wrong(block, "has no checked types, so it is not run");
  if (mark === "") return unmarked(block);
  const [, verb, rest] = /^<!-- ([a-z ]+): (.+) -->$/.exec(mark) ?? [];
  if (verb === "not run here" && rest!.startsWith("needs ")) {
    if (PROGRAMS.includes(language)) {
      throw wrong(
        block,
        "is not run: readers have to see it, by a line such as _Not run here: needs Astro._",
      );
    }
    return { kind: "unrun", why: rest! };
  }
  if (verb === "run by") return { kind: "elsewhere", test: rest! };
  if (PROGRAMS.includes(language)) {
    if (verb === "runs on") {
      const runtimes = rest!.split(", ") as Runtime[];
      if (runtimes.every((name) => RUNTIMES.includes(name))) {
        return { kind: "program", runtimes, redis: false };
      }
    }
    if (verb === "runs with" && rest === "redis") {
      return { kind: "program", runtimes: RUNTIMES, redis: true };
    }
  }
  if (mark === "<!-- sent by the program above -->" && language === "text") {
    return { kind: "sent" };
  }
  throw wrong(block, `has a mark that is none: ${mark}`);
}

function unmarked(block: Block): Treatment {
  switch (block.language) {
    case "ts":
      return { kind: "program", runtimes: RUNTIMES, redis: false };
    case "js":
      // Pages have nothing to install, so what they run has no imports.
      return /^import /m.test(block.code)
        ? { kind: "program", runtimes: RUNTIMES, redis: false }
        : { kind: "page" };
    case "console":
      return { kind: "transcript" };
  }
  throw wrong(
    block,
    `needs a mark that says how it is tested, as its language is "${block.language}"`,
  );
}

function wrong({ file, line }: Block, what: string): SyntaxError {
  return new SyntaxError(`The block at ${file}:${line} ${what}`);
}
