import type { Browser, Page } from "playwright-core";

/** A page with a profile of its own, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  /** But for requests that failed, as they do while a server is away. */
  readonly errors: readonly string[];
}

/** Opens a page of its own kind of person: no cookie is shared with another. */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  page.on("console", (line) => {
    if (line.type() !== "error") return;
    if (!line.text().startsWith("Failed to load")) errors.push(line.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, errors };
}
