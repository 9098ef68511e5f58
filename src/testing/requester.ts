import { quote } from "../quote.ts";
import { CookieJar } from "./cookies.ts";
import { LATE, TimeoutError, within } from "./deadline.ts";
import type { FetchTarget, TestRequestOptions } from "./options.ts";

/** Paths are those of this origin; full URLs are taken as they are. */
const ORIGIN = "http://localhost";

const encoder = new TextEncoder();

/**
 * Asks for a stream again and again as EventSource does (WHATWG HTML 9.2.2), with
 * the last event id and the cookies that the origin has set.
 */
export class Requester {
  readonly #fetch: FetchTarget["fetch"];
  readonly #url: URL;
  readonly #options: TestRequestOptions;
  readonly #cookies: CookieJar = new CookieJar();

  constructor(
    target: FetchTarget | FetchTarget["fetch"],
    path: string,
    options: TestRequestOptions,
  ) {
    this.#fetch = fetchOf(target);
    this.#url = parseURL(path);
    this.#options = options;
  }

  /** Method and path, for messages. */
  get name(): string {
    const { pathname, search } = this.#url;
    return `${this.#options.method ?? "GET"} ${pathname}${search}`;
  }

  /** Sends the request; `signal` tells its handler that the client has gone. */
  async send(lastEventId: string, signal: AbortSignal): Promise<Response> {
    const { method = "GET", body, info = {} } = this.#options;
    const { pathname } = this.#url;
    const headers = new Headers(this.#options.headers);
    if (!headers.has("Accept")) headers.set("Accept", "text/event-stream");
    if (lastEventId !== "") headers.set("Last-Event-ID", bytesOf(lastEventId));
    const cookies = this.#cookies.header(pathname, headers.get("Cookie") ?? "");
    if (cookies !== "") headers.set("Cookie", cookies);
    const response = await this.#fetch(
      new Request(this.#url, {
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
      }),
      info,
    );
    const { headers: given } = checked(response, this.name);
    this.#cookies.take(given, pathname);
    return response;
  }
}

/** A response that is one and comes in time; `source` names what answers. */
export async function answerInTime(
  answer: Response | Promise<Response>,
  source: string,
  timeout: number,
): Promise<Response> {
  const promise = Promise.resolve(answer);
  const response = await within(promise, timeout);
  if (response === LATE) {
    // Its stream must not stay open: nobody is going to read it.
    promise.then(({ body }) => body?.cancel()).catch(() => {});
    throw new TimeoutError(
      `Cannot open ${source} as there was no response within ${timeout} ms`,
    );
  }
  return checked(response, source);
}

function checked(response: Response, source: string): Response {
  if (typeof response?.headers?.get === "function") return response;
  throw new TypeError(
    `Cannot open ${source} as the answer must be a Response: current value is ${
      quote(response)
    }`,
  );
}

/** Also a function of its own, where that is all there is. */
function fetchOf(
  target: FetchTarget | FetchTarget["fetch"],
): FetchTarget["fetch"] {
  if (typeof target === "function") return target;
  if (typeof target?.fetch === "function") {
    return (request, info) => target.fetch(request, info);
  }
  throw new TypeError(
    `Cannot open a stream as 'target' must be a function or have a fetch(): current value is ${
      quote(target)
    }`,
  );
}

function parseURL(path: string): URL {
  if (!URL.canParse(path, ORIGIN)) {
    throw new TypeError(
      `Cannot open a stream as 'path' must be a path or a URL: current value is ${
        quote(path)
      }`,
    );
  }
  return new URL(path, ORIGIN);
}

/** Headers hold bytes: the id goes out in UTF-8 (WHATWG HTML 9.2.2). */
function bytesOf(text: string): string {
  return String.fromCharCode(...encoder.encode(text));
}
