/**
 * Clients that come back by themselves and resume, each of another make. All
 * keep what they hear in the same form, so that the same is expected of all.
 *
 * @module
 */
import { EventSource } from "eventsource";
import { createParser } from "eventsource-parser";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { sleep } from "./waiting.ts";

/** A client that comes back by itself. */
export interface ResumingClient extends AsyncDisposable {
  /** What it has heard so far: name, last event id and data of every event. */
  heard(): Promise<string[]>;
  /** Whether it has given up coming back. */
  isClosed(): Promise<boolean>;
}

/** The events that it listens to. */
const NAMES = ["message", "sse-open", "sse-gap", "sse-end"];

/** A browser's own EventSource, in a page of another origin. */
export class ChromiumClient implements ResumingClient {
  readonly #context: BrowserContext;
  readonly #page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
  }

  /** Opens a page that subscribes to a URL. */
  static async open(browser: Browser, url: string): Promise<ChromiumClient> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.evaluate(`
      window.heard = [];
      window.source = new EventSource(${JSON.stringify(url)});
      for (const name of ${JSON.stringify(NAMES)}) {
        source.addEventListener(name, ({ lastEventId, data }) => {
          heard.push(name + " " + lastEventId + " " + data);
        });
      }
    `);
    return new ChromiumClient(context, page);
  }

  heard(): Promise<string[]> {
    return this.#page.evaluate("heard");
  }

  isClosed(): Promise<boolean> {
    return this.#page.evaluate("source.readyState === EventSource.CLOSED");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#context.close();
  }
}

/** The EventSource of npm's package `eventsource`, over this runtime's fetch. */
export class PackageClient implements ResumingClient {
  readonly #source: EventSource;
  readonly #heard: string[] = [];

  constructor(url: string) {
    this.#source = new EventSource(url);
    for (const name of NAMES) {
      this.#source.addEventListener(name, ({ lastEventId, data }) => {
        this.#heard.push(`${name} ${lastEventId} ${data}`);
      });
    }
  }

  heard(): Promise<string[]> {
    return Promise.resolve([...this.#heard]);
  }

  isClosed(): Promise<boolean> {
    return Promise.resolve(this.#source.readyState === EventSource.CLOSED);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#source.close();
    return Promise.resolve();
  }
}

/**
 * What a program does that has fetch and a parser, and cannot send headers of its
 * choice: the id goes into the query.
 */
export class HandMadeClient implements ResumingClient {
  readonly #url: string;
  readonly #heard: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #lastEventId = "";
  #retry = 1_000;
  #isClosed = false;

  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  heard(): Promise<string[]> {
    return Promise.resolve([...this.#heard]);
  }

  isClosed(): Promise<boolean> {
    return Promise.resolve(this.#isClosed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#isClosed) {
      try {
        await this.#connect();
      } catch {
        // Refused, cut off or stopped: all the same to it.
      }
      if (!this.#stop.signal.aborted) await sleep(this.#retry);
    }
  }

  async #connect(): Promise<void> {
    const url = new URL(this.#url);
    if (this.#lastEventId !== "") {
      url.searchParams.set("lastEventId", this.#lastEventId);
    }
    const response = await fetch(url, { signal: this.#stop.signal });
    this.#isClosed = response.status === 204;
    // Of its own for each connection: what was cut off in the middle is dropped.
    const parser = createParser({
      onId: (id) => this.#lastEventId = id,
      onRetry: (retry) => this.#retry = retry,
      onEvent: ({ event = "message", data }) =>
        this.#heard.push(`${event} ${this.#lastEventId} ${data}`),
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  }
}

/** Waits until a client has heard so many events, and returns all that it has heard. */
export async function heardAtLeast(
  client: ResumingClient,
  events: number,
  patience = 30_000,
): Promise<string[]> {
  const deadline = performance.now() + patience;
  for (;;) {
    const heard = await client.heard();
    if (heard.length >= events) return heard;
    if (performance.now() > deadline) {
      throw new Error(
        `Waited in vain for ${events} events: ${JSON.stringify(heard)}`,
      );
    }
    await sleep(20);
  }
}
