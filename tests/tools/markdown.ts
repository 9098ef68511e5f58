/**
 * What the tests of the documentation read from it: blocks of code, headings, links.
 *
 * @module
 */

/** A fenced block of code. */
export interface Block {
  /** The document, from the top of the project. */
  readonly file: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  /** The first word after the fence; `""` for none. */
  readonly language: string;
  /** Whether the word `ignore` follows it, so that types are not checked. */
  readonly isIgnored: boolean;
  readonly code: string;
  /** The comment, or the line in italics, that stands right above it. */
  readonly mark: string | undefined;
}

/** Where a document leads to. */
export interface Link {
  /** As it is written. */
  readonly target: string;
  readonly line: number;
}

const FENCE = /^( *)(`{3,})([^`]*)$/;
const MARK = /^ *(<!-- .* -->|_Not run here: .*_)$/;
const HEADING = /^#{1,6} +(.*?) *#*$/;
/** The target of `[text](target)` and `![text](target)`, with or without a title. */
const LINK = /\]\(<?([^\s)>]+)>?(?: "[^"]*")?\)/g;

/** The fenced blocks of a document, in order. */
export function blocksOf(text: string, file: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  let above: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const fence = FENCE.exec(line);
    if (fence === null) {
      if (line.trim() !== "") above = MARK.exec(line)?.[1];
      continue;
    }
    const [, indent, ticks, info] = fence;
    const begin = i + 1;
    while (++i < lines.length && lines[i]!.trim() !== ticks);
    if (i === lines.length) {
      throw new SyntaxError(`${file}:${begin} begins a block that has no end`);
    }
    const code = lines.slice(begin, i).map((text) =>
      `${text.startsWith(indent!) ? text.slice(indent!.length) : text}\n`
    );
    const [language, ...attributes] = info!.trim().split(" ");
    blocks.push({
      file,
      line: begin,
      language: language!,
      isIgnored: attributes.includes("ignore"),
      code: code.join(""),
      mark: above,
    });
    above = undefined;
  }
  return blocks;
}

/** The links of a document, outside of code. */
export function linksOf(text: string): Link[] {
  return prose(text).flatMap((line, i) =>
    [...line.matchAll(LINK)].map(([, target]) => ({
      target: target!,
      line: i + 1,
    }))
  );
}

/** What links may name after a `#`: the headings, as code hosts make ids of them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of prose(text, true)) {
    const [, heading] = HEADING.exec(line) ?? [];
    if (heading === undefined) continue;
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

function anchorOf(heading: string): string {
  return heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "").replace(/\s/g, "-");
}

/** The lines of a document, those of code being empty. */
function prose(text: string, keepsCodeSpans = false): string[] {
  let fence: string | undefined;
  // A link's text may go on over a line: it is told by its last one.
  return text.split("\n").map((line) => {
    const [, , ticks] = FENCE.exec(line) ?? [];
    if (fence !== undefined) {
      if (line.trim() === fence) fence = undefined;
      return "";
    }
    fence = ticks;
    if (ticks !== undefined) return "";
    return keepsCodeSpans ? line : line.replace(/`[^`]*`/g, "``");
  });
}
