import { clearInterval, setInterval } from "node:timers";
import { sleep, until } from "../tools/sockets.ts";
import type { Tally } from "./checker.ts";
import { Client, type Ending, type World } from "./client.ts";
import type { Failures } from "./failures.ts";
import { PLACES } from "./namespaces.ts";
import { Random } from "./random.ts";
import type { ServerProcess } from "./server_process.ts";
import { WINDOW } from "./settings.ts";
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

/** What happened in a round, to all clients together. */
export interface RoundResult extends Tally {
  /** Events published. */
  readonly published: number;
  readonly connections: number;
  readonly endings: Readonly<Partial<Record<Ending, number>>>;
  /** Those that were never cut by themselves, but by the server, and told of gaps. */
  readonly steadyCut: number;
  readonly steadyGaps: number;
}

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

  async #connect(clients: readonly Client[]): Promise<void> {
    for (let i = 0; i < clients.length; i += BATCH) {
      const batch = clients.slice(i, i + BATCH);
      for (const client of batch) client.come();
      await this.#until(
        () => batch.every(({ checker }) => checker.cursor >= 0),
        () => "the first clients to get their streams",
      );
    }
  }

  /**
   * Full rate is as fast as this process can check what comes: the publishers may
   * be a window ahead of the slowest of those who keep up, and no further.
   */
  async #publish(
    { clients: _, seconds, events }: RoundPlan,
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

/** Whether a client that asks for a place gets events all the time. */
function isBusy(place: number): boolean {
  return ["/", "/busy"].includes(PLACES[place]!.namespace);
}

function resultOf(
  clients: readonly Client[],
  endings: RoundResult["endings"],
  published: number,
): RoundResult {
  const sum = (count: (client: Client) => number) =>
    clients.reduce((total, client) => total + count(client), 0);
  const tally = (key: Exclude<keyof Tally, "gaps">) =>
    sum(({ checker }) => checker.tally[key]);
  const gaps: Record<string, number> = {};
  for (const { checker } of clients) {
    for (const [reason, count] of Object.entries(checker.tally.gaps)) {
      gaps[reason] = (gaps[reason] ?? 0) + count;
    }
  }
  const steady = clients.filter(({ restless }) => !restless);
  const steadyGaps = steady.reduce(
    (total, { checker }) =>
      total + Object.values(checker.tally.gaps).reduce((a, b) => a + b, 0),
    0,
  );
  return {
    published,
    endings,
    gaps,
    steadyGaps,
    steadyCut: endings.server ?? 0,
    connections: Object.values(endings).reduce((a, b) => a + b, 0),
    deliveries: tally("deliveries"),
    resumed: tally("resumed"),
    bracketed: tally("bracketed"),
    lost: tally("lost"),
    repeated: tally("repeated"),
  };
}
