import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { SHOWS_PAGES } from "../tools/runtime.ts";
import { start } from "./example.ts";

describe("the page of examples/hono.ts in Chromium", () => {
  if (!SHOWS_PAGES) return;
  it({
    name: `shows notes to whom they were written${CHROMIUM_HINT}`,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      await using example = await start("hono.ts");
      const browser = await launchChromium();
      try {
        const ann = await signIn(browser, example.url, "ann", "apple");
        const bob = await signIn(browser, example.url, "bob", "banana");
        await write(bob, "Lunch? <b>");
        await notes(ann, "bobLunch? <b>");
        await write(ann, "Noon.");
        await notes(bob, "annNoon.");
        assertEquals(await ann.locator("#notes li").count(), 1);
      } finally {
        await browser.close();
      }
    },
  });
});

async function signIn(
  browser: Browser,
  url: string,
  username: string,
  password: string,
): Promise<Page> {
  const context = await browser.newContext({
    httpCredentials: { username, password },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  await page.locator("#status", { hasText: "Live" }).waitFor();
  await page.locator("h1", { hasText: username }).waitFor();
  return page;
}

async function write(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.click("button");
  await page.locator("#sent", { hasText: "Sent" }).waitFor();
}

async function notes(page: Page, text: string): Promise<void> {
  await page.locator("#notes li", { hasText: text }).waitFor();
}
