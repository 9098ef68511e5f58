/**
 * Makes up a feed of emoji and publishes it; nobody can connect to it.
 *
 *     /details/<code>   every use: {"text":…,"user":…,"at":…}
 *     /score            how often each was used in 17 ms: {"1F602":3,…}
 *     /totals           every second, how often each was used at all
 *
 * The last two come in one order: totals hold exactly the scores before them, so
 * who hears both replaces what it has by the totals and adds the scores after them.
 */
import { SSEServer } from "@sseserver/sseserver";
import { redis } from "@sseserver/sseserver/redis";
import process from "node:process";
import { EMOJI } from "./emoji.ts";
import { Popularity } from "./popularity.ts";
import { Scores } from "./scores.ts";
import { makeUse } from "./texts.ts";

/** Uses a second: on average, and by how much that rises and falls. */
const RATE = 440;
const SWING = 120;
/** Milliseconds from one look at what is due to the next. */
const FEED_INTERVAL = 5;
/** Milliseconds of which the scores are told at once: a frame of the page. */
const SCORE_WINDOW = 17;
const TOTALS_INTERVAL = 1_000;
const TREND_INTERVAL = 250;
/** Seconds of uses that there are to begin with, for a ranking at once. */
const HEAD_START = 90;

const url = process.env.REDIS_URL ?? "redis://localhost:6379";
/** While Redis is away each use fails, which is told once. */
let isAway = false;
const sse = new SSEServer({
  engine: redis({ url, prefix: "emoji" }),
  onError(error) {
    if (isAway) return;
    isAway = true;
    console.error((error as Error).message);
  },
});
const popularity = new Popularity(EMOJI);
const scores = new Scores(EMOJI.map(({ code }) => code));

let due = 0;
let fedAt = performance.now();

for (let past = 0; past < HEAD_START; past += TREND_INTERVAL / 1_000) {
  popularity.pass(TREND_INTERVAL / 1_000);
  for (let i = RATE * TREND_INTERVAL / 1_000; i > 0; i--) {
    scores.add(popularity.pick().code);
  }
}
scores.flush();

function feed(): void {
  const now = performance.now();
  const rate = RATE + SWING * Math.sin(now / 20_000);
  // After a standstill, as of a laptop that slept, it does not make up for it.
  due += rate * Math.min(now - fedAt, 1_000) / 1_000;
  fedAt = now;
  for (; due >= 1; due--) {
    const emoji = popularity.pick();
    scores.add(emoji.code);
    sse.broadcast({
      namespace: `/details/${emoji.code}`,
      data: { ...makeUse(emoji), at: Date.now() },
    });
  }
}

function tellScores(): void {
  const data = scores.flush();
  if (data !== undefined) {
    sse.broadcast({ namespace: "/score", event: "score", data });
  }
}

async function tellTotals(): Promise<void> {
  try {
    await sse.publish({
      namespace: "/totals",
      event: "totals",
      data: scores.totals(),
    });
    if (isAway) console.log("Redis is back");
    isAway = false;
  } catch {
    // onError was told of it, with the uses that could not be published either.
  }
}

setInterval(feed, FEED_INTERVAL);
setInterval(tellScores, SCORE_WINDOW);
setInterval(tellTotals, TOTALS_INTERVAL);
setInterval(() => popularity.pass(TREND_INTERVAL / 1_000), TREND_INTERVAL);

// So that a page has something to show at once.
await tellTotals();
