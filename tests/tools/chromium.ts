import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { type Browser, chromium } from "playwright-core";

/** Keeps a Chromium quiet that has no display and no network but loopback. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds that it gets to start, on a machine that does much else. */
const START_LIMIT = 60_000;

/** Where Chromium is; `undefined` without one. */
export const CHROMIUM: string | undefined = onPath("chromium") ??
  onPath("google-chrome");

/** What a skipped test says in its name. */
export const CHROMIUM_HINT: string = CHROMIUM
  ? ""
  : " (needs: apt-get install chromium)";

/** Starts it, with a new profile that goes when it is closed. */
export async function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(`No Chromium${CHROMIUM_HINT}`);
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: FLAGS,
    timeout: START_LIMIT,
  });
}

function onPath(name: string): string | undefined {
  return process.env.PATH?.split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
}
