import type { Callbacks } from "../callbacks.ts";
import { isWithin } from "../namespace.ts";
import { OptionCheck } from "../option_check.ts";
import { quote, shorten } from "../quote.ts";
import { hasEnded, NO_CONTENT } from "./end.ts";
import {
  CLOSED,
  type EventSourceConstructor,
  type EventSourceLike,
  OPEN,
  type ReceivedEvent,
} from "./event_source.ts";
import { type Handler, Handlers } from "./handlers.ts";
import type {
  HeardDataOf,
  JSONEventNameOf,
  ServerEvents,
  SubscriptionStatus,
  TextEventNameOf,
} from "./heard.ts";
import type {
  OnOptions,
  SSEClientOptions,
  SubscriptionOptions,
} from "./options.ts";
import { streamUrl } from "./url.ts";

/** What a subscription needs of its client. */
export interface Connector {
  readonly base: string;
  readonly withCredentials: boolean;
  readonly ticket: SSEClientOptions["ticket"];
  readonly EventSource: EventSourceConstructor;
  readonly callbacks: Callbacks;
}

/** Milliseconds after which a stream is opened anew that was refused, about; then doubled. */
const FIRST_DELAY = 1_000;
/** The longest of these, before they are spread. */
const LONGEST_DELAY = 30_000;

/** Events that are listened to in any case: they tell where the stream is. */
const SERVER_EVENTS: readonly string[] = ["sse-open", "sse-gap", "sse-end"];
/** The only event that does not come in the stream. */
const STATUS = "sse-status";

const ON_OPTIONS: ReadonlySet<string> = new Set<keyof OnOptions>(["signal"]);

/**
 * A stream of namespaces. `EventSource` connects again by itself when it is lost; where
 * that gives up, as when a proxy answers for a server that is restarted, another one
 * goes on after the last event.
 */
export class Subscription<Events extends object, N extends string>
  implements Disposable {
  readonly #client: Connector;
  readonly #options: SubscriptionOptions;
  readonly #namespaces: readonly string[];
  readonly #handlers: Handlers;
  readonly #onAbort = () => this.close();
  #source: EventSourceLike | undefined;
  #status: SubscriptionStatus = "connecting";
  #lastEventId: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #closed: AbortController = new AbortController();
  /** Keeps a program alive that has nothing but this, while there is no socket to do so. */
  #hold: ReturnType<typeof setInterval> | undefined;
  /** How often in a row it was refused. */
  #refusals = 0;

  /**
   * {@linkcode SSEClient.subscribe} makes them.
   *
   * @internal
   */
  constructor(
    client: Connector,
    namespaces: readonly string[],
    options: SubscriptionOptions,
  ) {
    this.#client = client;
    this.#handlers = new Handlers(client.callbacks);
    this.#namespaces = namespaces;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? "";
    const { signal } = options;
    if (signal?.aborted) {
      this.#status = "closed";
      this.#handlers.close();
      return;
    }
    if (client.ticket === undefined) this.#open(undefined);
    else this.#openByTicket(client.ticket);
    this.#keepAlive();
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** Whether the stream is there. */
  get status(): SubscriptionStatus {
    return this.#status;
  }

  /** The id of the last event that a handler or this client itself has heard. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /**
   * Calls back with the data of every event of a name, parsed as JSON. What the server
   * sends besides, {@linkcode ServerEvents}, has names that begin with `sse-`.
   *
   * Throws a `TypeError` when the handler is no function, or an option is not as
   * {@linkcode OnOptions} has it.
   */
  on<E extends JSONEventNameOf<Events, N> | keyof ServerEvents>(
    event: E,
    handler: (data: HeardDataOf<Events, N, E>, event: ReceivedEvent) => unknown,
    options: OnOptions = {},
  ): this {
    return this.#add(event, { isText: false, call: handler }, options);
  }

  /** The same for events whose data is a text, which the server sends as it is. */
  onText<E extends TextEventNameOf<Events, N>>(
    event: E,
    handler: (data: string, event: ReceivedEvent) => unknown,
    options: OnOptions = {},
  ): this {
    return this.#add(event, { isText: true, call: handler }, options);
  }

  /** Ends the stream for good. */
  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
    this.#closed.abort();
    this.#source?.close();
    this.#source = undefined;
    this.#become("closed");
    this.#handlers.close();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #add(event: string, handler: Handler, options: OnOptions): this {
    const check = new OptionCheck(
      `Cannot listen to '${shorten(String(event))}'`,
    );
    check.type("event", event, "string");
    check.type("handler", handler.call, "function");
    check.names(options, ON_OPTIONS);
    const { signal } = options;
    check.signal("signal", signal);
    this.#handlers.add(event, handler, signal);
    if (!SERVER_EVENTS.includes(event)) this.#listen(event);
    return this;
  }

  async #openByTicket(ticket: () => string | Promise<string>): Promise<void> {
    try {
      const got: unknown = await ticket();
      if (typeof got !== "string") {
        throw new TypeError(
          `Cannot subscribe as 'ticket' must return a string: current value is ${
            quote(got)
          }`,
        );
      }
      // One that has no cookies may not ask by a ticket that is used up.
      if (this.#refusals > 0 && await this.#isOver(got)) this.close();
      else if (this.#status !== "closed") this.#open(got);
    } catch (error) {
      this.#client.callbacks.report(error);
      this.#openLater();
    }
  }

  #open(ticket: string | undefined): void {
    const { EventSource, withCredentials } = this.#client;
    const source = new EventSource(this.#address(ticket), { withCredentials });
    this.#source = source;
    source.addEventListener("open", () => {
      if (source === this.#source) this.#become("open");
    });
    source.addEventListener("error", ({ code }: { code?: unknown }) => {
      // An event of the program may have that name as well: then all is as it was.
      if (source !== this.#source || source.readyState === OPEN) return;
      this.#become("connecting");
      // A handler may have closed it.
      if (source !== this.#source || source.readyState !== CLOSED) return;
      // That of the package tells: asking may take headers that only it sends.
      if (code === NO_CONTENT) this.close();
      else this.#refused(ticket);
    });
    for (const event of new Set([...SERVER_EVENTS, ...this.#handlers.names])) {
      this.#listen(event);
    }
  }

  #address(ticket: string | undefined): string {
    const { latest = false, url } = this.#options;
    return streamUrl(
      this.#client.base,
      url === undefined ? url : String(url),
      {
        namespaces: this.#namespaces,
        latest,
        lastEventId: this.#lastEventId,
        ticket,
      },
    );
  }

  /** Closes where nothing more is to come. */
  async #refused(ticket: string | undefined): Promise<void> {
    this.#source = undefined;
    if (await this.#isOver(ticket)) this.close();
    else this.#openLater();
  }

  #isOver(ticket: string | undefined): Promise<boolean> | false {
    const { withCredentials } = this.#client;
    // Who has seen nothing has not seen the end.
    return this.#lastEventId !== "" &&
      hasEnded(this.#address(ticket), withCredentials, this.#closed.signal);
  }

  /** Opens another one in its place, later each time it is refused. */
  #openLater(): void {
    if (this.#status === "closed") return;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#refusals++);
    // Spread, so that clients do not come back all at once.
    this.#timer = setTimeout(() => {
      const { ticket } = this.#client;
      if (ticket === undefined) this.#open(undefined);
      else this.#openByTicket(ticket);
    }, delay * (0.5 + Math.random()));
  }

  #listen(event: string): void {
    if (event !== STATUS) this.#source?.addEventListener(event, this.#receive);
  }

  /** One for all, so that adding it twice does nothing. */
  readonly #receive = (event: ReceivedEvent): void => {
    // EventSource has an `open` and an `error` of its own.
    if (!hasData(event) || this.#status === "closed") return;
    const { type, data, lastEventId } = event;
    if (lastEventId) this.#lastEventId = lastEventId;
    this.#handlers.tell(event);
    if (type === "sse-end") this.#end(JSON.parse(data));
  };

  /** Closes where one end is that of all it hears: without a history it would come back. */
  #end({ namespace }: ServerEvents["sse-end"]): void {
    if (this.#namespaces.every((one) => isWithin(one, namespace))) this.close();
  }

  #become(status: SubscriptionStatus): void {
    if (status === "open") this.#refusals = 0;
    if (this.#status === status || this.#status === "closed") return;
    this.#status = status;
    this.#keepAlive();
    this.#handlers.tellOwn(STATUS, status);
  }

  /** Some that connect again let the program end meanwhile (eventsource 5 on Node). */
  #keepAlive(): void {
    clearInterval(this.#hold);
    if (this.#status === "connecting") {
      this.#hold = setInterval(() => {}, LONGEST_DELAY);
    }
  }
}

function hasData(
  event: ReceivedEvent,
): event is ReceivedEvent & { readonly data: string } {
  return typeof event.data === "string";
}
