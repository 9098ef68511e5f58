import { assertEquals, assertNotMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { makeForest } from "../../src/admin/page/forest.ts";
import { readableAgent, readableData } from "../../src/admin/page/format.ts";
import { consolePage, consoleScript } from "../../src/admin/page/mod.ts";

describe("the console's page", () => {
  it("has a script that parses, though made of functions' texts", () => {
    const script = consoleScript();
    new Function(script);
    assertNotMatch(script, /<\/script|<!--/i);
  });

  it("carries the nonce with its script and style, and nothing inline", () => {
    const page = consolePage("THE+NONCE=");
    assertEquals(
      page.match(/<(script|style)[^>]*>/g),
      ['<style nonce="THE+NONCE=">', '<script nonce="THE+NONCE=">'],
    );
    assertNotMatch(page, /<[^>]+\s(style|on\w+)=/);
    assertNotMatch(page, /(src|href)="(https?:|\/)/);
  });

  it("adds up made-up namespaces and takes rates from running totals", () => {
    const forest = makeForest();
    forest([["/a/b", 2, 10, 100, 1_000], ["/a/c/d", 3, 5, 50, 500]], 1_000);
    const { root, count } = forest(
      [["/a/b", 2, 30, 500, 2_500], ["/a/c/d", 4, 1, 10, 500]],
      3_000,
    );
    assertEquals(count, 5);
    const [a] = root.children;
    const [b, c] = a!.children;
    assertEquals(
      [root, a!, b!, c!].map((
        { name, level, ownReaders, readers, events, bytes, lastAt },
      ) => [name, level, ownReaders, readers, events, bytes, lastAt]),
      [
        ["/", 1, 0, 6, 10, 200, 2_500],
        ["/a", 2, 0, 6, 10, 200, 2_500],
        ["/a/b", 3, 2, 2, 10, 200, 2_500],
        // Its totals began again.
        ["/a/c", 3, 0, 4, 0, 0, 500],
      ],
    );
  });

  it("counts no event twice that came through two levels", () => {
    const forest = makeForest();
    forest([["/a", 1, 0, 0, 0], ["/a/b", 1, 0, 0, 0]], 1_000);
    const { root } = forest([["/a", 1, 5, 0, 0], ["/a/b", 1, 5, 0, 0]], 2_000);
    assertEquals([root.events, root.children[0]!.events], [5, 5]);
  });

  it("names user agents in short", () => {
    const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
    const agents = {
      "": "no user agent",
      "curl/8.5.0": "curl 8.5",
      "node": "node",
      "Deno/2.9.5": "Deno 2.9",
      [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/131.0.0.0 Safari/537.36`]:
        "Chrome 131 on Windows",
      [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`]:
        "Edge 131 on Windows",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":
        "Safari 17 on iPhone",
      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":
        "Firefox 128 on Linux",
      "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":
        "Googlebot 2.1",
      "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    };
    assertEquals(
      Object.keys(agents).map(readableAgent),
      Object.values(agents),
    );
  });

  it("shows JSON in lines and leaves every value as it was sent", () => {
    assertEquals(
      readableData('{"id":12345678901234567890,"tags":[],"a":[1,"x,{"]}'),
      '{ "id": 12345678901234567890, "tags": [], "a": [1, "x,{"] }',
    );
    const long = "y".repeat(80);
    assertEquals(
      readableData(`[{"a":1.50},"${long}",{}]`),
      `[\n  {\n    "a": 1.50\n  },\n  "${long}",\n  {}\n]`,
    );
    assertEquals(readableData("{no json"), "{no json");
  });
});
