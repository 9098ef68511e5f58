import { checkNames } from "../option_check.ts";
import { quote } from "../quote.ts";
import { Connection, type Ending } from "./connection.ts";
import { LATE, parseTimeout, turn, within } from "./deadline.ts";
import { failure } from "./failure.ts";
import { Inbox } from "./inbox.ts";
import type {
  FetchTarget,
  TestClientOptions,
  TestOpenOptions,
  WaitOptions,
} from "./options.ts";
import { answerInTime, Requester } from "./requester.ts";
import { parseData, type TestEvent } from "./test_event.ts";

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof TestOpenOptions>([
  "timeout",
  "maxBytes",
  "lastEventId",
  "method",
  "headers",
  "body",
  "info",
]);

/**
 * A client that reads a stream in memory, for tests: it interprets what comes as
 * EventSource does (WHATWG HTML 9.2), and waits for it. No port, no network.
 *
 * It reads all the time, as a client does that keeps up. Events wait in it until
 * they are taken by {@linkcode TestClient.next} or a loop; all that have come are
 * in {@linkcode TestClient.events}.
 *
 * @example What a subscriber hears
 * ```ts
 * import { SSEServer } from "@sseserver/sseserver";
 * import { TestClient } from "@sseserver/sseserver/testing";
 *
 * await using sse = new SSEServer();
 * await using client = await TestClient.open(sse, "/subscribe/pets");
 * sse.broadcast({ namespace: "/pets/dogs", event: "new-dog", data: { name: "Rex" } });
 * const { name } = await client.nextJSON<{ name: string }>("new-dog"); // "Rex"
 * ```
 */
export class TestClient
  implements AsyncDisposable, Disposable, AsyncIterable<TestEvent> {
  readonly #comments: string[] = [];
  readonly #inbox: Inbox = new Inbox();
  readonly #requester: Requester | undefined;
  readonly #timeout: number;
  readonly #maxBytes: number;
  #retry: number | undefined;
  #lastEventId: string;
  #connection: Connection | undefined;
  #abort: AbortController | undefined;

  private constructor(
    requester: Requester | undefined,
    options: TestOpenOptions,
  ) {
    checkNames(options, OPTION_NAMES, "Cannot open a stream");
    const { timeout = 1_000, maxBytes = 64 * 1024 * 1024, lastEventId = "" } =
      options;
    if (!(maxBytes >= 1)) {
      throw new RangeError(
        `Cannot open a stream as 'maxBytes' must be at least 1: current value is ${
          quote(maxBytes)
        }`,
      );
    }
    this.#requester = requester;
    this.#timeout = parseTimeout(timeout);
    this.#maxBytes = maxBytes;
    this.#lastEventId = lastEventId;
  }

  /**
   * Opens a stream of anything that answers requests: an `SSEServer`, a Hono app,
   * a function such as `(request) => sse.subscribe(request, "/users/42")`. `path`
   * may have a query; it may also be a URL.
   *
   * Resolves once there is a response and what the server sends at once has been
   * read. One that is no event stream is no error yet: its `status` can be looked
   * at, and its `text`, as its whole body has been read by then.
   *
   * Throws what the handler throws, a `TypeError` or `RangeError` that names the
   * argument when one is not as it should be, and a `TimeoutError` when there is no
   * response in time.
   */
  static async open(
    target: FetchTarget | FetchTarget["fetch"],
    path: string,
    options: TestOpenOptions = {},
  ): Promise<TestClient> {
    const requester = new Requester(target, path, options);
    const client = new TestClient(requester, options);
    await client.#request(requester);
    return client;
  }

  /**
   * Reads a response that is there already or to come, such as that of
   * `sse.subscribe(…)`. It cannot reconnect; otherwise like
   * {@linkcode TestClient.open}.
   */
  static async of(
    response: Response | Promise<Response>,
    options: TestClientOptions = {},
  ): Promise<TestClient> {
    const client = new TestClient(undefined, options);
    await client.#connect(response);
    return client;
  }

  /** All events that have come, over all connections, those that were passed over too. */
  get events(): readonly TestEvent[] {
    return this.#inbox.events;
  }

  /** All comments that have come, without their colons. */
  get comments(): readonly string[] {
    return this.#comments;
  }

  /** The last `retry:` that has come, in milliseconds; `undefined` before any. */
  get retry(): number | undefined {
    return this.#retry;
  }

  /** The last event id, which a reconnect sends; `""` before any. */
  get lastEventId(): string {
    return this.#connection?.lastEventId ?? this.#lastEventId;
  }

  /** The status of this connection's response. */
  get status(): number {
    return this.#current.response.status;
  }

  /** The headers of this connection's response. */
  get headers(): Headers {
    return this.#current.response.headers;
  }

  /** All that this connection has brought so far, as it was on the wire. */
  get text(): string {
    return this.#current.text;
  }

  /** Whether this connection has ended. */
  get isEnded(): boolean {
    return this.#current.ending !== undefined;
  }

  /** What this connection has failed with, where it has. */
  get error(): unknown {
    return this.#current.error;
  }

  /**
   * Waits for the next event after the one that was taken last, or the next of
   * that name (`"message"` for those without one): it passes over those before it.
   * One that has come already is taken at once.
   *
   * Rejects with a `TimeoutError` that shows what has come instead; with an `Error`
   * when the stream ends before, or is none: then status and body are shown. Having
   * failed it has passed over nothing.
   */
  async next(name?: string, options: WaitOptions = {}): Promise<TestEvent> {
    const timeout = parseTimeout(options.timeout ?? this.#timeout);
    const event = await this.#inbox.take(name, timeout);
    if (event !== undefined) return event;
    const what = name === undefined ? "an event" : `event ${quote(name)}`;
    throw this.#failure(what, timeout);
  }

  /**
   * The same, and its data as JSON. Rejects with a `SyntaxError` that shows the data
   * when it is none.
   */
  async nextJSON<T = unknown>(
    name?: string,
    options?: WaitOptions,
  ): Promise<T> {
    return parseData(await this.next(name, options)) as T;
  }

  /**
   * Waits until the connection has ended, and tells how: `"server"`, `"client"` when
   * it has left, or `"error"` when it failed with {@linkcode TestClient.error}.
   * Rejects with a `TimeoutError` that shows what has come instead.
   */
  async ended(options: WaitOptions = {}): Promise<Ending> {
    const timeout = parseTimeout(options.timeout ?? this.#timeout);
    const ending = await within(this.#current.finished, timeout);
    if (ending !== LATE) return ending;
    throw this.#failure("the end", timeout);
  }

  /** Goes, like a client that closes its connection. */
  async leave(): Promise<void> {
    const left = this.#connection?.leave();
    this.#inbox.close();
    this.#abort?.abort();
    await left;
  }

  /**
   * Comes back as EventSource does, but at once: leaves if need be, and sends the
   * same request with the last event id and the cookies that were set. Events go on
   * in `events`; `status`, `headers` and `text` are those of the new connection.
   *
   * Rejects like {@linkcode TestClient.open}, and with an `Error` when the client was
   * made of a response.
   */
  async reconnect(): Promise<void> {
    if (this.#requester === undefined) {
      throw new Error("Cannot reconnect as the client was made of a response");
    }
    await this.leave();
    await this.#request(this.#requester);
  }

  /**
   * Takes one event after the other, until the stream ends. Each is waited for like
   * that of {@linkcode TestClient.next}. Leaving the loop leaves the stream open.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<TestEvent, void, void> {
    for (;;) {
      const event = await this.#inbox.take(undefined, this.#timeout);
      if (event !== undefined) yield event;
      else if (this.#isOver) return;
      else throw this.#failure("an event", this.#timeout);
    }
  }

  /** Leaves at the end of a `using` block. */
  [Symbol.dispose](): void {
    void this.leave();
  }

  /** Leaves at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  get #current(): Connection {
    return this.#connection!;
  }

  get #source(): string {
    return this.#requester?.name ?? "the response";
  }

  /** Whether it was a stream that has ended as it should. */
  get #isOver(): boolean {
    const { isStream, ending } = this.#current;
    return isStream && ending !== undefined && ending !== "error";
  }

  async #request(requester: Requester): Promise<void> {
    const id = this.#lastEventId = this.lastEventId;
    const abort = this.#abort = new AbortController();
    try {
      await this.#connect(requester.send(id, abort.signal));
    } catch (error) {
      abort.abort();
      throw error;
    }
  }

  async #connect(answer: Response | Promise<Response>): Promise<void> {
    const response = await answerInTime(answer, this.#source, this.#timeout);
    this.#inbox.open();
    const connection = this.#connection = new Connection(response, {
      lastEventId: this.#lastEventId,
      maxBytes: this.#maxBytes,
      sink: {
        event: (event, data, id) => this.#inbox.add({ event, data, id }),
        comment: (text) => this.#comments.push(text),
        retry: (milliseconds) => this.#retry = milliseconds,
      },
    });
    connection.finished.then(() => {
      if (this.#connection === connection) this.#inbox.close();
    });
    if (connection.isStream) return await turn();
    try {
      await this.ended();
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  #failure(what: string, timeout: number): Error {
    return failure(what, this.#source, timeout, this.#current, this.#inbox);
  }
}
