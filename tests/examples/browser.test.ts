import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { SHOWS_PAGES } from "../tools/runtime.ts";
import { start } from "./example.ts";

describe("the page of examples/time.ts in Chromium", () => {
  if (!SHOWS_PAGES) return;
  it({
    name:
      `ticks, shows pets and recovers from the server's end${CHROMIUM_HINT}`,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      const browser = await launchChromium();
      try {
        await visit(await browser.newPage());
      } finally {
        await browser.close();
      }
    },
  });
});

async function visit(page: Page): Promise<void> {
  const errors: string[] = [];
  page.on("console", (line) => {
    if (line.type() === "error") errors.push(line.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));

  const port = await freePort();
  {
    await using example = await start("time.ts", { port });
    await page.goto(example.url);
    await status(page, "Live");
    await ticks(page);
    await pets(page, 3);
    const breeds = await page.locator("#pets strong").allTextContents();
    assertEquals(breeds, inOrder(breeds));
    assertEquals(errors, []);
  }
  await status(page, "Connection lost");

  const before = await page.locator("#pets li").count();
  await using _again = await start("time.ts", { port });
  await status(page, "Live again");
  await ticks(page);
  await pets(page, before + 1);
  assertEquals(
    errors.filter((error) => !error.startsWith("Failed to load resource")),
    [],
  );
}

/** What the example sends, again and again. */
const BREEDS = ["Corgi", "Persian", "Terrier", "Dachshund", "LOLcat"];

/** So many of them, the newest first, of which the oldest is the same. */
function inOrder(breeds: readonly string[]): string[] {
  const first = BREEDS.indexOf(breeds.at(-1)!);
  return breeds.map((_, i) => BREEDS[(first + i) % BREEDS.length]!)
    .toReversed();
}

/** Waits until the page says so. */
async function status(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    `document.querySelector("#status").textContent === "${text}"`,
    undefined,
    { timeout: 20_000 },
  );
}

/** Waits until the clock has shown two more times. */
async function ticks(page: Page): Promise<void> {
  const shown = () => page.locator("#clock").textContent();
  for (let i = 0; i < 2; i++) {
    await page.waitForFunction(
      `document.querySelector("#clock").textContent !== "${await shown()}"`,
      undefined,
      { timeout: 20_000 },
    );
  }
}

/** Waits until so many are shown. */
async function pets(page: Page, least: number): Promise<void> {
  await page.waitForFunction(
    `document.querySelectorAll("#pets li").length >= ${least}`,
    undefined,
    { timeout: 30_000 },
  );
}
