import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../tools/command.ts";
import { type Block, blocksOf } from "../tools/markdown.ts";

/** Documents whose code is tested. */
const WITH_CODE = ["README.md", "docs/*.md"];

/** Documents whose links are. */
const ALL = ["*.md", "docs/*.md", "examples/**/*.md"];

/** The documents whose code is tested, from the top of the project. */
export function documentsWithCode(): string[] {
  return filesOf(WITH_CODE);
}

/** All documents, from the top of the project. */
export function allDocuments(): string[] {
  return filesOf(ALL);
}

/** The text of a document. */
export function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** Every block of code of a document. */
export function blocksIn(file: string): Block[] {
  return blocksOf(textOf(file), file);
}

function filesOf(patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: ROOT })
    .map((file) => file.split(path.sep).join("/")).sort();
}
