import { connectionStatus, type Status, statusOf } from "./admin/status.ts";
import type { TablePage } from "./admin/table.ts";
import { Broadcaster } from "./broadcaster.ts";
import { Callbacks } from "./callbacks.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { type DisconnectFilter, wantedOf } from "./disconnect.ts";
import { Drain } from "./drain.ts";
import { type Engine, MemoryEngine } from "./engine.ts";
import {
  lastEventIdOf,
  type OpenOptions,
  type StreamOwner,
  Streams,
} from "./http/streams.ts";
import { Hub } from "./hub.ts";
import { parseNamespace } from "./namespace.ts";
import { DEFAULT_HISTORY, type Settings } from "./settings.ts";

/**
 * The parts of a hub or server put together: from a message to the engine, from the
 * engine to the readers, from a request to a reader, and all of it to its end.
 */
export class Core {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly hub: Hub;
  readonly broadcaster: Broadcaster;
  readonly streams: Streams;
  readonly callbacks: Callbacks;
  /** Whose streams those are of requests that come with this `info`. */
  readonly owners: WeakMap<object, StreamOwner> = new WeakMap();
  readonly #closed: Deferred<void> = deferred();
  #startedAt = 0;
  #closing: Promise<void> | undefined;
  #drain: Drain | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    this.callbacks = new Callbacks(settings.onError);
    const { onConnect, onDisconnect } = settings;
    this.hub = new Hub({
      ...settings,
      ordered: (body) => {
        try {
          const order = this.broadcaster.ordered(body);
          if (order !== undefined) this.disconnect(order.disconnect);
        } catch (error) {
          // Such as one from a server with other limits.
          this.callbacks.report(error);
        }
      },
      connected: (connection, owner) => {
        const known = owner as StreamOwner | undefined;
        if (known) this.callbacks.call(() => known.connected(connection));
        if (onConnect) this.callbacks.call(() => onConnect(connection));
      },
      disconnected: (connection, reason, owner) => {
        const known = owner as StreamOwner | undefined;
        if (known) {
          this.callbacks.call(() => known.disconnected(connection, reason));
        }
        if (onDisconnect) {
          this.callbacks.call(() => onDisconnect(connection, reason));
        }
      },
    });
    this.engine = settings.engine ?? new MemoryEngine();
    this.broadcaster = new Broadcaster({
      engine: this.engine,
      hub: this.hub,
      limits: settings.limits,
      history: settings.history || DEFAULT_HISTORY,
      report: (error) => this.callbacks.report(error),
    });
    this.streams = new Streams(this.hub, settings);
  }

  /** Starts what the constructor must not; a promise while the engine gets ready. */
  start(): Promise<void> | undefined {
    this.#startedAt ||= this.settings.clock.now();
    return this.broadcaster.start();
  }

  /** The same for 3 s at most, then it rejects; of which there may be any number. */
  ready(): Promise<void> | undefined {
    this.start();
    return this.broadcaster.ready();
  }

  /** When it was first used, in milliseconds since the Unix epoch: now, if not yet. */
  get startedAt(): number {
    this.start();
    return this.#startedAt;
  }

  /** Resolves when it begins to close. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** True from the moment it begins to close. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Answers a request with a stream of normalised namespaces. */
  open(
    request: Request,
    namespaces: readonly string[],
    { info, headers, latest, granted }: Omit<OpenOptions, "owner">,
  ): Response | Promise<Response> {
    const owner = typeof info === "object" && info !== null
      ? this.owners.get(info)
      : undefined;
    const options = { info, owner, headers, latest, granted };
    const open = () => this.streams.open(request, namespaces, options);
    const openLate = () =>
      // Nobody is there any more to take a stream.
      request.signal.aborted ? new Response(null, { status: 408 }) : open();
    const refuse = () => this.streams.refuse(request, headers, "engine");
    // The server that the client comes from may be ahead of this one.
    const reach = () => this.broadcaster.reach(lastEventIdOf(request));
    const starting = this.ready();
    if (starting === undefined) {
      const reached = reach();
      return reached === undefined ? open() : reached.then(openLate, refuse);
    }
    return starting.then(
      () => reach()?.then(openLate, refuse) ?? openLate(),
      (error) => {
        this.callbacks.report(error);
        return refuse();
      },
    );
  }

  /** Ends the streams of this process that are wanted; returns how many. */
  disconnect(filter: DisconnectFilter): number {
    const { limits } = this.settings;
    return this.hub.disconnect(
      wantedOf(filter, (namespace) => parseNamespace(namespace, limits)),
    );
  }

  /** What it is doing; with all open streams unless it is told which. */
  status(page?: TablePage): Status {
    const { startedAt } = this;
    const rows = page?.rows ?? Array.from(this.hub.streams(), connectionStatus);
    return statusOf(this.hub, {
      closed: this.isClosing,
      startedAt,
      now: this.settings.clock.now(),
      engine: this.engine.status?.(),
    }, { rows, total: page?.total ?? rows.length });
  }

  /**
   * Ends all streams, over `drain` milliseconds, then what `finish` ends, then the
   * engine. A second call without `drain` ends the streams that are left at once.
   */
  close(drain: number, finish?: () => Promise<void>): Promise<void> {
    if (drain === 0) this.#drain?.hurry();
    return this.#closing ??= this.#close(drain, finish);
  }

  async #close(
    drain: number,
    finish: (() => Promise<void>) | undefined,
  ): Promise<void> {
    this.#closed.resolve();
    this.streams.close();
    if (drain > 0) {
      this.#drain = new Drain(this.hub, drain, this.settings.clock);
      await this.#drain.finished;
    }
    this.broadcaster.stop();
    const settled = this.broadcaster.settled();
    if (settled !== undefined) await settled;
    this.hub.end();
    await finish?.();
    await this.broadcaster.close();
  }
}
