import type { Callbacks } from "../callbacks.ts";
import { quote } from "../quote.ts";
import type { ReceivedEvent } from "./event_source.ts";

/** What is called with every event of a name. */
export interface Handler {
  /** Whether it takes the data as it came, and not what it is as JSON. */
  readonly isText: boolean;
  // deno-lint-ignore no-explicit-any -- what it takes depends on the event
  call(data: any, event: ReceivedEvent): unknown;
}

/** The handlers of a subscription, none of which can keep another from being called. */
export class Handlers {
  readonly #handlers: Map<string, Set<Handler>> = new Map();
  readonly #callbacks: Callbacks;
  /** Takes back what listens to the signals of handlers. */
  readonly #closed: AbortController = new AbortController();

  /** @param callbacks Told of what goes wrong. */
  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /** The names of events that there are handlers for, or were. */
  get names(): Iterable<string> {
    return this.#handlers.keys();
  }

  /** Adds one, until the signal aborts. */
  add(event: string, handler: Handler, signal: AbortSignal | undefined): void {
    if (signal?.aborted || this.#closed.signal.aborted) return;
    let handlers = this.#handlers.get(event);
    if (handlers === undefined) {
      this.#handlers.set(event, handlers = new Set());
    }
    handlers.add(handler);
    signal?.addEventListener("abort", () => handlers.delete(handler), {
      once: true,
      signal: this.#closed.signal,
    });
  }

  /** Forgets all of them, and their signals, which may live on. */
  close(): void {
    this.#closed.abort();
    this.#handlers.clear();
  }

  /** Calls those of an event that has come, whose data is parsed once for all. */
  tell(event: ReceivedEvent & { readonly data: string }): void {
    const { type, data } = event;
    let parsed: { readonly data: unknown } | undefined;
    this.#each(type, (handler) => {
      if (handler.isText) return handler.call(data, event);
      parsed ??= { data: parse(type, data) };
      return handler.call(parsed.data, event);
    });
  }

  /** Calls those of an event that the client itself tells. */
  tellOwn(type: string, data: unknown): void {
    this.#each(type, (handler) => handler.call(data, { type }));
  }

  #each(type: string, call: (handler: Handler) => unknown): void {
    const handlers = this.#handlers.get(type);
    if (handlers === undefined) return;
    // As EventTarget does: one that is added now is for the next event.
    for (const handler of [...handlers]) {
      if (!handlers.has(handler)) continue;
      try {
        const result = call(handler);
        if (result instanceof Promise) {
          result.catch((error) => this.#callbacks.report(error));
        }
      } catch (error) {
        this.#callbacks.report(error);
      }
    }
  }
}

function parse(event: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot parse the data of event '${event}' as JSON, for texts there is onText(): current value is ${
        quote(text)
      }`,
      { cause },
    );
  }
}
