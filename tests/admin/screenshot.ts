/**
 * `node tests/admin/screenshot.ts`: takes the picture of the console that the
 * README shows, docs/console.png, of a server with lively traffic.
 *
 * Needs Chromium (`apt-get install chromium`) and three minutes, for the curves.
 */
import { SSEServer } from "@sseserver/sseserver";
import { Hono } from "hono";
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { launchChromium } from "../tools/chromium.ts";
import { ROOT } from "../tools/command.ts";
import { RawClient } from "../tools/raw_client.ts";
import { sleep } from "../tools/waiting.ts";

const FILE = path.join(ROOT, "docs/console.png");
/** Seconds of traffic before the picture; the curves show 300. */
const SECONDS = Number(process.env.SECONDS ?? 170);

/** How many streams a namespace has, and about how many events a second. */
const NAMESPACES: Readonly<Record<string, readonly [number, number]>> = {
  "/": [1, 0],
  "/chat/general": [31, 4],
  "/chat/random": [12, 2],
  "/orders": [6, 3],
  "/orders/eu": [9, 5],
  "/orders/us": [14, 8],
  "/pets": [18, 0],
  "/pets/cats": [7, 1],
  "/pets/dogs": [11, 2],
  "/prices/fx/eurusd": [64, 40],
  "/prices/fx/gbpusd": [41, 25],
  "/prices/metals/gold": [22, 9],
  "/users/17/inbox": [1, 0.2],
  "/users/42/inbox": [2, 0.3],
};

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
  "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  "curl/8.5.0",
  "node",
];

async function main(): Promise<void> {
  const sse = new SSEServer({
    admin: { key: "only-for-the-picture" },
    trustProxy: true,
  });
  const app = new Hono().route("/live", sse.app);
  const { port } = await sse.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: app.fetch,
    log: false,
  });
  const clients: RawClient[] = [];
  const browser = await launchChromium();
  const traffic = setInterval(() => broadcast(sse), 50);
  try {
    const page = await browser.newPage({
      viewport: { width: 1280, height: 960 },
      colorScheme: "light",
    });
    await page.goto(
      `http://localhost:${port}/live/admin/?key=only-for-the-picture`,
    );
    await join(port, clients);
    await show(page);
    mkdirSync(path.dirname(FILE), { recursive: true });
    await page.screenshot({ path: FILE });
    console.log(`Wrote ${FILE}`);
  } finally {
    clearInterval(traffic);
    await browser.close();
    for (const client of clients) client.leave();
    await sse.close();
  }
}

/** Opens all streams, most of them in the first half of the time. */
async function join(port: number, clients: RawClient[]): Promise<void> {
  const paths = Object.entries(NAMESPACES)
    .flatMap(([name, [streams]]) => Array<string>(streams).fill(name))
    .map((name, index) => ({ name, place: index * 7919 % 251 }))
    .sort((a, b) => a.place - b.place);
  for (const [index, { name }] of paths.entries()) {
    clients.push(
      new RawClient(port, `/live/subscribe${name}`, {
        headers: {
          "User-Agent": AGENTS[index * 5 % AGENTS.length]!,
          // Addresses that stand for clients in documents (RFC 5737).
          "X-Forwarded-For": `203.0.113.${1 + index * 37 % 250}`,
        },
      }),
    );
    const share = index / paths.length;
    await sleep(SECONDS * 1000 / paths.length * (share < 0.8 ? 0.6 : 2.6));
  }
}

/** Chooses a namespace and watches it. */
async function show(page: Page): Promise<void> {
  await page.locator("#tree [role=treeitem]", { hasText: "orders" }).click();
  await page.locator("#watch-button").click();
  await sleep(2_500);
  await page.locator("#watch-pause").click();
  await page.evaluate("document.querySelector('.watch-scroll').scrollTop = 0");
  await page.evaluate("scrollTo(0, 0)");
  await sleep(1_500);
}

/** Sends what is due of 50 ms of traffic that rises and falls. */
function broadcast(sse: SSEServer): void {
  const wave = 1 + 0.5 * Math.sin(Date.now() / 20_000);
  for (const [namespace, [, rate]] of Object.entries(NAMESPACES)) {
    if (Math.random() > rate * wave / 20) {
      if (rate * wave < 20 || Math.random() > 0.8) continue;
    }
    sse.broadcast({ namespace, ...message(namespace) });
  }
}

function message(namespace: string): { event?: string; data: unknown } {
  const number = Math.floor(Math.random() * 9_000) + 1_000;
  if (namespace.startsWith("/orders")) {
    return Math.random() < 0.25
      ? {
        event: "order-paid",
        data: {
          order: number,
          customer: { name: "Ada Lovelace", city: "London" },
          items: ["B-17", "C-204"],
          total: number / 50,
        },
      }
      : { event: "order-shipped", data: { order: number, carrier: "post" } };
  }
  if (namespace.startsWith("/prices")) {
    return { data: { bid: 1 + number / 1e5, ask: 1 + number / 1e5 + 0.0002 } };
  }
  return { event: "news", data: `Number ${number}` };
}

await main();
