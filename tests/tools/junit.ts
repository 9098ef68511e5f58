/** How one test ended. */
export interface TestCase {
  /** Its suites and its own name, joined by ` > `. */
  name: string;
  /** What became of it. */
  result: "passed" | "failed" | "skipped";
  /** Why it failed and where, as far as that is known. */
  why?: string;
}

/**
 * Reads the JUnit report of Deno, Bun or Node. Each nests in its own way: Deno
 * joins names by ` > ` and lists suites as tests, Bun and Node nest elements.
 */
export function parseJUnit(xml: string): TestCase[] {
  const suites: string[] = [];
  const cases: TestCase[] = [];
  let current: TestCase | undefined;
  for (const element of xml.matchAll(ELEMENT)) {
    const [all, closing, tag, attributes, empty] = element;
    switch (tag) {
      case "testsuite":
        if (closing) suites.pop();
        else if (!empty) suites.push(attribute(attributes, "name"));
        break;
      case "testcase":
        if (closing) break;
        current = {
          name: [...suites.filter(isSuite), attribute(attributes, "name")]
            .join(" > "),
          result: "passed",
        };
        cases.push(current);
        break;
      default:
        if (closing || !current) break;
        if (tag === "skipped") current.result = "skipped";
        else {
          const text = xml.slice(element.index + all.length).split("</", 1)[0]!;
          current.result = "failed";
          current.why = attribute(attributes, "message") + placeIn(text);
        }
    }
  }
  return withoutSuites(cases);
}

/** The five elements that matter; text between them is never an element. */
const ELEMENT =
  /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>/g;

/** Where in the tests something was thrown, by a stack. */
function placeIn(stack: string): string {
  const [, place] = /\b(tests\/(?!std\/)[\w./]+:\d+)/.exec(stack) ?? [];
  return place === undefined ? "" : `\n(${place})`;
}

/** Bun names the outermost suite after its file, Deno after a source file. */
function isSuite(name: string): boolean {
  return !/\.ts$/.test(name);
}

/**
 * Drops the suites that Deno lists as tests. One that failed though none of its
 * tests did stays: a hook of it has failed.
 */
function withoutSuites(cases: TestCase[]): TestCase[] {
  const parents = new Set<string>();
  const blamed = new Set<string>();
  for (const { name, result } of cases) {
    for (const parent of prefixes(name)) {
      parents.add(parent);
      if (result === "failed") blamed.add(parent);
    }
  }
  return cases.filter(({ name, result }) =>
    !parents.has(name) || (result === "failed" && !blamed.has(name))
  );
}

function prefixes(name: string): string[] {
  const parts = name.split(" > ");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(" > "));
}

function attribute(attributes: string | undefined, name: string): string {
  const value = attributes?.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1];
  return (value ?? "").replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (all, hex, decimal, named) =>
      hex
        ? String.fromCodePoint(parseInt(hex, 16))
        : decimal
        ? String.fromCodePoint(Number(decimal))
        : NAMED[named] ?? all,
  );
}

const NAMED: Record<string, string> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};
