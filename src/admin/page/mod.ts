import { runConsole } from "./console.ts";
import {
  askFirst,
  byId,
  keepRows,
  make,
  makeButton,
  makeSVG,
  setAttribute,
  setClipped,
  setText,
} from "./elements.ts";
import { openEngine } from "./engine.ts";
import { openFeed } from "./feed.ts";
import { makeForest } from "./forest.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatNumberOf,
  formatRate,
  formatShortAge,
  formatTime,
  readableAgent,
  readableData,
} from "./format.ts";
import { openHead } from "./head.ts";
import { MARKUP } from "./markup.ts";
import { makeSparkline } from "./sparkline.ts";
import { makeStreamRow, updateStreamRow } from "./stream_row.ts";
import { openStreams } from "./streams.ts";
import { STYLE } from "./style.ts";
import { openTree } from "./tree.ts";
import { openWatch } from "./watch.ts";

/**
 * What the page runs. It gets the functions as text, so they may use each other,
 * what a browser has, and nothing else: no constant or import of their module.
 */
const FUNCTIONS: readonly ((...args: never[]) => unknown)[] = [
  askFirst,
  byId,
  keepRows,
  make,
  makeButton,
  makeSVG,
  setAttribute,
  setClipped,
  setText,
  openEngine,
  openFeed,
  makeForest,
  formatAge,
  formatBytes,
  formatCount,
  formatNumberOf,
  formatRate,
  formatShortAge,
  formatTime,
  readableAgent,
  readableData,
  openHead,
  makeSparkline,
  makeStreamRow,
  updateStreamRow,
  openStreams,
  openTree,
  openWatch,
];

let script: string | undefined;

/**
 * The console's page, whole: it loads nothing but its data, by addresses relative
 * to its own. Style and script carry the nonce, which has to be base64.
 */
export function consolePage(nonce: string): string {
  script ??= consoleScript();
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>sseserver</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>${MARKUP}<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}

/** The page's script. */
export function consoleScript(): string {
  return [
    "(() => {",
    '"use strict";',
    // Bundlers that keep the names of functions call this helper of theirs.
    "const __name = (named) => named;",
    ...FUNCTIONS.map(String),
    `(${runConsole})();`,
    "})();",
  ].join("\n");
}
