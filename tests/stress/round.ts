import { clearInterval, setInterval } from "node:timers";
import { sleep, until } from "../tools/waiting.ts";
import { Client, type Ending, type World } from "./client.ts";
import type { Failures } from "./failures.ts";
import type { Memory } from "./memory.ts";
import { PLACES } from "./namespaces.ts";
import { Random } from "./random.ts";
import { resultOf, type RoundResult } from "./result.ts";
import type { ServerProcess } from "./server_process.ts";
import { HISTORY, WINDOW } from "./settings.ts";
import { Truth } from "./truth.ts";
import { drawView, viewOf } from "./view.ts";

/** One client in so many is cut again and again. */
const RESTLESS = 3;
/** Clients that connect at a time: more than a backlog holds would be refused. */
const BATCH = 100;
/** How often publishers are told how far they may go, in milliseconds. */
const PACE = 2;
/** Longest wait for anything but time itself, in milliseconds. */
const PATIENCE = 120_000;

/** What a round is like. */
export interface RoundPlan {
  readonly seed: number;
  readonly clients: number;
  readonly seconds: number;
  /** Goes on until so many events were published, however long that takes. */
  readonly events: number;
}

/** What goes on in a server from one round to the next. */
export class Stress {
  readonly #server: ServerProcess;
  readonly #failures: Failures;
  readonly #truth: Truth;
  /** The last event that was published before this round, or in it. */
  #final = 1;

  constructor(server: ServerProcess, seed: number, failures: Failures) {
    this.#server = server;
    this.#failures = failures;
    this.#truth = new Truth(seed);
  }

  /**
   * Clients come, events are published while some of the clients are cut, everyone
   * catches up, and all leave.
   */
  async round(
    plan: RoundPlan,
    progress: (text: string) => void,
  ): Promise<RoundResult> {
    const before = this.#final;
    const endings: Partial<Record<Ending, number>> = {};
    const world = {
      truth: this.#truth,
      epoch: this.#server.epoch,
      port: this.#server.port,
      limit: before,
      present: before,
      ended: (ending: Ending) => endings[ending] = (endings[ending] ?? 0) + 1,
      fail: (why: string) => this.#failures.add(why),
    };
    const clients = clientsOf(plan, world);
    await this.#connect(clients);
    await this.#publish(plan, clients, world, progress);
    this.#final = world.limit = await this.#server.stop();
    for (const client of clients) client.settle();
    await this.#catchUp(clients, this.#final);
    for (const client of clients) client.leave();
    await this.#empty();
    return resultOf(clients, endings, this.#final - before);
  }

  /**
   * What memory the server takes when nobody is there. What is remembered depends
   * on how fast the last events came, so it waits until that is too old.
   */
  async measure(): Promise<Memory> {
    await sleep(HISTORY.age);
    // Forgetting is a matter of a stream's opening, or of the beat while one is open.
    const visit = new AbortController();
    await fetch(`http://127.0.0.1:${this.#server.port}/subscribe/visit`, {
      signal: visit.signal,
    });
    visit.abort();
    await this.#empty();
    const metrics = await this.#server.metrics();
    const remembered = metrics.get("sse_history_messages")!;
    const namespaces = PLACES.filter(({ weight }) => weight > 0).length;
    if (remembered > namespaces) {
      this.#failures.add(
        `Of each namespace only the last event should be left: ${remembered} are`,
      );
    }
    if (metrics.get("sse_broadcasts_total") !== this.#final) {
      this.#failures.add(`Not as many broadcasts as events: ${this.#final}`);
    }
    return await this.#server.measure();
  }

  async #connect(clients: readonly Client[]): Promise<void> {
    for (let i = 0; i < clients.length; i += BATCH) {
      const batch = clients.slice(i, i + BATCH);
      for (const client of batch) client.come();
      const late = () => batch.find(({ checker }) => checker.cursor === -1);
      await this.#until(
        () => late() === undefined,
        () => `sse-open for ${late()?.view.path}: ${late()?.trail.join(", ")}`,
      );
    }
  }

  /**
   * Full rate is as fast as this process can check what comes: the publishers may
   * be a window ahead of the slowest of those who keep up, and no further.
   */
  async #publish(
    { seconds, events }: RoundPlan,
    clients: readonly Client[],
    world: World & { limit: number; present: number },
    progress: (text: string) => void,
  ): Promise<void> {
    const paceMakers = clients.filter(({ view, restless }) =>
      !restless && view.places.some((place) => isBusy(place))
    );
    const begun = performance.now();
    const before = world.present;
    let told = begun;
    const isOver = () =>
      this.#failures.count > 0 ||
      (performance.now() - begun > seconds * 1_000 &&
        world.present - before > events);
    const pace = () => {
      let slowest = Infinity;
      for (const { checker } of paceMakers) {
        if (checker.cursor < slowest) slowest = checker.cursor;
      }
      world.present = slowest;
      world.limit = slowest + WINDOW;
      this.#server.raise(world.limit);
      for (const client of clients) client.look(slowest);
      if (performance.now() - told < 1_000) return;
      told = performance.now();
      let deliveries = 0;
      let away = 0;
      for (const { checker, isAway } of clients) {
        deliveries += checker.tally.deliveries;
        if (isAway) away++;
      }
      progress(
        `${Math.round((told - begun) / 1_000)} s: ${
          slowest - before
        } events, ` +
          `${deliveries} deliveries, ${away} away`,
      );
    };
    const timer = setInterval(pace, PACE);
    try {
      while (performance.now() - begun < seconds * 1_000 && !isOver()) {
        await sleep(50);
      }
      await this.#until(
        isOver,
        () => `${events} events, of which there are ${world.present - before}`,
      );
    } finally {
      clearInterval(timer);
    }
  }

  /** Those who get nothing more get a keepalive, which says how far they have come. */
  async #catchUp(clients: readonly Client[], final: number): Promise<void> {
    if (this.#failures.count > 0) return;
    const late = () =>
      clients.filter(({ checker }) => checker.cursor !== final);
    await this.#until(() => late().length === 0, () => {
      const [first] = late();
      return `${late().length} clients to come to event ${final}, of which ` +
        `${first!.view.path}: ${first!.trail.join(", ")}, ${
          first!.checker.cursor
        }`;
    });
    for (const { checker } of clients) checker.settle(final, "The end");
  }

  async #empty(): Promise<void> {
    let left = "";
    const look = async () => {
      const { connections, total_connections, queue_bytes } = await this.#server
        .status();
      const metrics = await this.#server.metrics();
      const counts = {
        connections: (connections as unknown[]).length,
        total_connections,
        queue_bytes,
        streams: metrics.get("sse_streams_open"),
        sockets: metrics.get("sse_sockets_open"),
      };
      left = JSON.stringify(counts);
      return Object.values(counts).every((count) => count === 0);
    };
    const deadline = performance.now() + PATIENCE;
    while (!await look()) {
      if (performance.now() > deadline) {
        this.#failures.add(`Everyone has left, but the server has ${left}`);
        return;
      }
      await sleep(100);
    }
  }

  async #until(condition: () => boolean, what: () => string): Promise<void> {
    try {
      await until(
        () => condition() || this.#failures.count > 0,
        what,
        PATIENCE,
      );
    } catch (error) {
      this.#failures.add((error as Error).message);
    }
  }
}

function clientsOf(
  { seed, clients }: RoundPlan,
  world: World,
): readonly Client[] {
  return Array.from({ length: clients }, (_, i) => {
    const random = Random.nth(seed, i);
    const restless = i % RESTLESS === RESTLESS - 1;
    // Somebody has to set the pace.
    const view = i === 0 ? viewOf(["/"]) : drawView(random);
    return new Client(`Client ${i}`, view, restless, world, random);
  });
}

/** Whether a client that asks for a place gets many events, or many bytes. */
function isBusy(place: number): boolean {
  return ["/", "/busy", "/files"].includes(PLACES[place]!.namespace);
}
