import { assertEquals } from "@std/assert";
import type { Browser } from "playwright-core";

/**
 * Runs code in a page that comes from a program on a port of loopback, and waits
 * until every stream that it makes has opened.
 */
export async function checkPage(
  browser: Browser,
  code: string,
  port: number,
): Promise<void> {
  const page = await browser.newPage();
  try {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.addInitScript(`
      globalThis.streams = [];
      globalThis.EventSource = class extends EventSource {
        constructor(...args) {
          super(...args);
          streams.push(this);
          this.addEventListener("open", () => this.hasOpened = true);
        }
      };
    `);
    await page.goto(`http://127.0.0.1:${port}/`);
    const local = code.replaceAll("http://localhost:8001", "");
    await page.evaluate(`(async () => {\n${local}\n})()`);
    await page.waitForFunction(
      `streams.length > 0 && streams.every((stream) => stream.hasOpened)`,
      undefined,
      { timeout: 20_000 },
    );
    assertEquals(errors, []);
  } finally {
    await page.close();
  }
}
