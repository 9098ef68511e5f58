import { Callbacks } from "../callbacks.ts";
import { checkNames } from "../option_check.ts";
import { quote } from "../quote.ts";
import type { AnyEvents } from "../typed.ts";
import { globalEventSource } from "./event_source.ts";
import type { SSEClientOptions, SubscriptionOptions } from "./options.ts";
import { Subscription } from "./subscription.ts";
import { normalNamespace } from "./url.ts";

const OPTIONS: ReadonlySet<string> = new Set<keyof SSEClientOptions>([
  "withCredentials",
  "ticket",
  "EventSource",
  "onError",
]);

const SUBSCRIPTION_OPTIONS: ReadonlySet<string> = new Set<
  keyof SubscriptionOptions
>(["latest", "lastEventId", "url", "signal"]);

/**
 * Subscribes to the namespaces of a server, over `EventSource` (WHATWG HTML 9.2.2).
 *
 * `Events` is the type that the server was made with, so that names and data of events
 * are known; see {@linkcode MessageOf}. By default any may come.
 *
 * @example A page that shows pets
 * ```ts no-eval
 * import { SSEClient } from "@sseserver/sseserver/client";
 *
 * interface Events {
 *   "/pets/:kind": { "new-pet": { name: string } };
 * }
 * const client = new SSEClient<Events>("https://example.com/live");
 * const pets = client.subscribe("/pets");
 * pets.on("new-pet", ({ name }) => console.log(`WOOF! ${name}`));
 * pets.on("sse-gap", () => location.reload());
 * ```
 */
export class SSEClient<Events extends object = AnyEvents> {
  readonly #base: string;
  readonly #options: SSEClientOptions;
  readonly #callbacks: Callbacks;

  /**
   * Throws a `TypeError` that names the option when one is not as
   * {@linkcode SSEClientOptions} has it.
   *
   * @param base Where the server is mounted: an address, in a page also a path;
   * `""` is the top of the page's own site.
   */
  constructor(base: string | URL = "", options: SSEClientOptions = {}) {
    checkNames(options, OPTIONS, "Cannot create an SSEClient");
    for (const name of ["ticket", "EventSource", "onError"] as const) {
      const value = options[name];
      if (value !== undefined && typeof value !== "function") {
        throw new TypeError(
          `Cannot create an SSEClient as '${name}' must be a function: current value is ${
            quote(value)
          }`,
        );
      }
    }
    this.#base = String(base);
    this.#options = options;
    this.#callbacks = new Callbacks(options.onError ?? console.error);
  }

  /**
   * Opens a stream of one or several namespaces, each with all below it.
   *
   * Throws a `TypeError` when there is no namespace, one is not as it should be, there
   * is no such option, or no `EventSource`, and what `EventSource` throws when the
   * address is none.
   */
  subscribe<const N extends string>(
    namespaces: N | readonly N[],
    options: SubscriptionOptions = {},
  ): Subscription<Events, N> {
    checkNames(options, SUBSCRIPTION_OPTIONS, "Cannot subscribe");
    const asked: readonly unknown[] = typeof namespaces === "string"
      ? [namespaces]
      : namespaces;
    if (asked.length === 0) {
      throw new TypeError(
        "Cannot subscribe as 'namespaces' must name at least one",
      );
    }
    const normal = asked.map((namespace) => {
      if (typeof namespace === "string") return normalNamespace(namespace);
      throw new TypeError(
        `Cannot subscribe as 'namespaces' must be strings: current value is ${
          quote(namespace)
        }`,
      );
    });
    const {
      withCredentials = false,
      ticket,
      EventSource = globalEventSource(),
    } = this.#options;
    if (EventSource === undefined) {
      throw new TypeError(
        "Cannot subscribe as there is no EventSource here: pass that of the package 'eventsource' as the option 'EventSource'",
      );
    }
    return new Subscription<Events, N>(
      {
        base: this.#base,
        withCredentials,
        ticket,
        EventSource,
        callbacks: this.#callbacks,
      },
      normal,
      options,
    );
  }
}
