/** One import of a source file. */
export interface Import {
  /** What stands between the quotes; of a template the text as it is written. */
  specifier: string;
  /** `import(…)` at run time; everything else is static. */
  dynamic: boolean;
}

/** What a source file reaches for, seen without its comments and strings. */
export interface Parsed {
  /** Everything it imports or exports from, types too. */
  imports: Import[];
  /** The names of runtimes and their own globals that it mentions. */
  hostNames: string[];
}

/** Comments, then the three kinds of strings, then regular expressions. */
const TOKEN = new RegExp(
  [
    /\/\*[^]*?\*\//,
    /\/\/.*/,
    /"(?:\\.|[^"\\\n])*"/,
    /'(?:\\.|[^'\\\n])*'/,
    /`(?:\\[^]|[^`\\])*`/,
    /(?<=(?:[=(,:;!&|?{}[\n]|return)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/[\\\n])+\/\w*/,
  ].map(({ source }) => source).join("|"),
  "g",
);

const STATIC =
  /\b(?:import|export)\b(?:\s+type\b)?(?:[\w\s*{},$]*?\bfrom)?\s*"§(\d+)"/g;
const DYNAMIC = /\bimport\s*\(\s*(?:"§(\d+)")?/g;
const HOST_NAME =
  /(?<![\w$.])(?:globalThis\s*\.\s*)?(Deno|Bun|process|Buffer|setImmediate)\b(?!\s*\??:)/g;

/** Finds the imports and the host's names in a TypeScript source. */
export function parseSource(source: string): Parsed {
  const strings: string[] = [];
  const code = source.replace(TOKEN, (token) => {
    if (token.startsWith("/")) return " ";
    return `"§${strings.push(token.slice(1, -1)) - 1}"`;
  });
  const imports: Import[] = [];
  for (const [, index] of code.matchAll(STATIC)) {
    imports.push({ specifier: strings[Number(index)]!, dynamic: false });
  }
  for (const [, index] of code.matchAll(DYNAMIC)) {
    const specifier = index === undefined
      ? "(computed)"
      : strings[Number(index)]!;
    imports.push({ specifier, dynamic: true });
  }
  const hostNames = [...code.matchAll(HOST_NAME)].map(([, name]) => name!);
  return { imports, hostNames };
}
