import { Callbacks } from "../callbacks.ts";
import { OptionCheck } from "../option_check.ts";
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

const creating = new OptionCheck("Cannot create an SSEClient");
const subscribing = new OptionCheck("Cannot subscribe");

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
    checkAddress("base", base, creating);
    creating.names(options, OPTIONS);
    for (const name of ["ticket", "EventSource", "onError"] as const) {
      creating.callback(name, options[name]);
    }
    const { withCredentials = false } = options;
    creating.type("withCredentials", withCredentials, "boolean");
    this.#base = String(base);
    this.#options = options;
    this.#callbacks = new Callbacks(options.onError ?? console.error);
  }

  /**
   * Opens a stream of one or several namespaces, each with all below it.
   *
   * Throws a `TypeError` when there is no namespace, one or an option is not as it
   * should be, or there is no `EventSource`, and what `EventSource` throws when the
   * address is none.
   */
  subscribe<const N extends string>(
    namespaces: N | readonly N[],
    options: SubscriptionOptions = {},
  ): Subscription<Events, N> {
    subscribing.names(options, SUBSCRIPTION_OPTIONS);
    const { latest = false, url, signal } = options;
    subscribing.type("latest", latest, "boolean");
    if (url !== undefined) checkAddress("url", url, subscribing);
    subscribing.signal("signal", signal);
    const asked = typeof namespaces === "string" ? [namespaces] : namespaces;
    if (!Array.isArray(asked)) {
      subscribing.fail(
        TypeError,
        "namespaces",
        "must be a string or an array",
        quote(asked),
      );
    }
    if (asked.length === 0) {
      subscribing.clash("'namespaces' must name at least one");
    }
    // Not map(), which passes over what is missing in it.
    const normal = Array.from(asked, (one) => normalNamespace(one));
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

/** What is no address would become one, such as `/[object Object]`. */
function checkAddress(
  name: string,
  address: string | URL,
  check: OptionCheck,
): void {
  // By its shape, as `location` is one too.
  if (typeof address === "string" || typeof address?.href === "string") return;
  check.fail(TypeError, name, "must be a string or a URL", quote(address));
}
