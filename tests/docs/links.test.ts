import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../tools/command.ts";
import { anchorsOf, type Link, linksOf } from "../tools/markdown.ts";
import { allDocuments, textOf } from "./documents.ts";

const documents = allDocuments();

/** What is wrong with a link of a document within the project. */
function wrongWith(file: string, { target, line }: Link): string[] {
  if (/^[a-z]+:/.test(target)) return [];
  const [to, anchor] = target.split("#");
  const found = to === "" ? file : path.posix.join(path.dirname(file), to!);
  const wrong = (why: string) => [`${file}:${line} ${why}: ${target}`];
  if (found.startsWith("..") || !existsSync(path.join(ROOT, found))) {
    return wrong("leads nowhere");
  }
  if (anchor === undefined) return [];
  const isDocument = found.endsWith(".md") &&
    statSync(path.join(ROOT, found)).isFile();
  return isDocument && anchorsOf(textOf(found)).has(anchor)
    ? []
    : wrong("names no heading");
}

describe("the documents", () => {
  it("link to files and headings that are there", () => {
    assert(documents.length > 20, `${documents.length} documents`);
    assertEquals(
      documents.flatMap((file) =>
        linksOf(textOf(file)).flatMap((link) => wrongWith(file, link))
      ),
      [],
    );
  });

  it("of docs/ are all in its index", () => {
    const linked = linksOf(textOf("docs/README.md")).map(({ target }) =>
      `docs/${target}`
    );
    const pages = documents.filter((file) =>
      file.startsWith("docs/") && file !== "docs/README.md"
    );
    assertEquals(pages.filter((page) => !linked.includes(page)), []);
  });
});

describe("the reader of links", () => {
  it("finds them outside of code, over lines and with titles", () => {
    assertEquals(
      linksOf(
        '[a\nb](c.md#d) `[no](e)`\n```md\n[no](f)\n```\n![g](h.png "i")\n',
      ),
      [{ target: "c.md#d", line: 2 }, { target: "h.png", line: 6 }],
    );
  });

  it("makes of headings what code hosts do", () => {
    assertEquals(
      [...anchorsOf(
        "# A `b()` & C\n## `?ns=`\n### Was, *nun*?\n## D\n## D\n```sh\n# no\n```\n",
      )],
      ["a-b--c", "ns", "was-nun", "d", "d-1"],
    );
  });

  it("misses what is not there", () => {
    const wrong = (target: string) =>
      wrongWith("docs/mount.md", { target, line: 1 });
    assertEquals(wrong("access.md#authorize"), []);
    assertEquals(wrong("../README.md"), []);
    assertEquals(wrong("#in-hono"), []);
    assertEquals(wrong("https://example.com/nothing"), []);
    assertEquals(wrong("gone.md"), [
      "docs/mount.md:1 leads nowhere: gone.md",
    ]);
    assertEquals(wrong("../../elsewhere"), [
      "docs/mount.md:1 leads nowhere: ../../elsewhere",
    ]);
    assertEquals(wrong("access.md#gone"), [
      "docs/mount.md:1 names no heading: access.md#gone",
    ]);
    assertEquals(wrong("../mod.ts#L1"), [
      "docs/mount.md:1 names no heading: ../mod.ts#L1",
    ]);
  });
});
