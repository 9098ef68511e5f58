import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { Checker, type Published } from "./checker.ts";
import { EventBlocks } from "./event_blocks.ts";
import type { Random } from "./random.ts";
import { ResponseBody } from "./response.ts";
import { HISTORY, KEEP_ALIVE, STALL_TIMEOUT } from "./settings.ts";
import type { View } from "./view.ts";

/** Why a connection ended. */
export type Ending =
  /** Client: FIN both ways. */
  | "fin"
  /** Client: FIN, but it went on reading until the server closed too. */
  | "half-close"
  /** Client: RST. */
  | "rst"
  /** Client: RST after it had stopped to read for a while. */
  | "stall, rst"
  /** Server, after the client had stopped to read for a while. */
  | "stall, cut off"
  /** Client: nothing came any more, after it had stopped to read for a while. */
  | "stall, silent"
  /** Server, though the client has read all the time; while it caught up, mostly. */
  | "cut off"
  /** The end of the round. */
  | "left";

/** What clients share. */
export interface World extends Published {
  readonly port: number;
  /** An event that has been published, and not many are after it. */
  readonly present: number;
  ended(ending: Ending): void;
  fail(why: string): void;
}

/** Milliseconds from a client's coming to its next cut. */
const STAY = { low: 50, high: 2_500 };
/** Milliseconds until it comes back. */
const PAUSE = { low: 1, high: 300 };
/** One absence in so many lasts until the history has been replaced. */
const LONG_ABSENCE = 6;
/** Milliseconds for which a stall lasts: some are noticed by the server, some not. */
const STALL = { low: 100, high: 3 * STALL_TIMEOUT };
/** Milliseconds without a byte after which one who has stalled gives up. */
const SILENCE = 4 * KEEP_ALIVE;
/** Milliseconds that a server has to answer a FIN with its own. */
const HALF_CLOSED = 2_000;

const CUTS = [
  [4, "fin"],
  [2, "half-close"],
  [4, "rst"],
  [3, "stall, rst"],
  [5, "stall, cut off"],
] as const;

/** What is read lies here until the next read, of whichever socket. */
const READ = Buffer.alloc(64 * 1024);

/**
 * A client over a socket of its own: it comes, is cut at random times if it is
 * restless, and comes back with the last id that it got.
 */
export class Client {
  readonly view: View;
  readonly restless: boolean;
  readonly checker: Checker;
  /** How often the server has cut it off though it has read all the time. */
  cutOff = 0;
  /** What has happened to it, the last things only. */
  readonly trail: string[] = [];

  readonly #world: World;
  readonly #random: Random;
  #socket: Socket | undefined;
  #ending: Ending = "cut off";
  /** The next cut, the end of a stall, or the next connection. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** Comes back once that was published. */
  #awayUntil = 0;
  #leaving = false;
  #settling = false;

  constructor(
    name: string,
    view: View,
    restless: boolean,
    world: World,
    random: Random,
  ) {
    this.view = view;
    this.restless = restless;
    this.#world = world;
    this.#random = random;
    this.checker = new Checker(view, world, (why) => {
      world.fail(
        `${name} (${view.path}): ${why}\n      ${this.trail.join(", ")}`,
      );
    });
  }

  /** Whether its connection has ended and there is no next one yet. */
  get isAway(): boolean {
    return this.#socket === undefined;
  }

  /** Connects. */
  come(): void {
    this.#timer = undefined;
    this.#awayUntil = 0;
    this.#ending = "cut off";
    const { checker } = this;
    checker.connect(this.#world.present);
    const blocks = new EventBlocks((block) => checker.take(block));
    const body = new ResponseBody((bytes) => blocks.feed(bytes));
    const socket = connect({
      port: this.#world.port,
      host: "127.0.0.1",
      onread: {
        buffer: READ,
        callback: (length: number) => {
          // A paused socket may have one more read under way.
          this.#silence?.refresh();
          try {
            body.feed(READ.subarray(0, length));
          } catch (error) {
            this.#world.fail(`${this.view.path}: ${error}`);
            socket.destroy();
          }
          return true;
        },
      },
    });
    this.#socket = socket;
    const { lastEventId } = checker;
    this.#note(lastEventId === "" ? "came" : `came with ${checker.cursor}`);
    socket.write(
      `GET ${this.view.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        (lastEventId === "" ? "" : `Last-Event-ID: ${lastEventId}\r\n`) +
        "\r\n",
    );
    // What became of it is known by how it ended.
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#gone());
    if (this.restless && !this.#settling) {
      this.#after(STAY, () => this.#cut());
    }
  }

  /** Has it come back if it was away until so much was published. */
  look(present: number): void {
    if (this.#awayUntil > 0 && present >= this.#awayUntil) this.come();
  }

  /** Has it come back now, and stay. */
  settle(): void {
    this.#settling = true;
    if (this.isAway) {
      clearTimeout(this.#timer);
      this.come();
    } else if (this.#socket!.isPaused()) {
      clearTimeout(this.#timer);
      this.#goOn();
    } else if (this.#ending !== "half-close") clearTimeout(this.#timer);
  }

  /** Has it leave for good, one way or the other. */
  leave(): void {
    this.#leaving = true;
    clearTimeout(this.#timer);
    if (this.isAway) return;
    this.#ending = "left";
    if (this.#random.oneIn(2)) this.#socket!.resetAndDestroy();
    else this.#socket!.destroy();
  }

  #cut(): void {
    const socket = this.#socket!;
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#ending = this.#random.weighted(CUTS);
    this.#note(`${this.#ending} at ${this.checker.cursor}`);
    switch (this.#ending) {
      case "fin":
        socket.destroy();
        break;
      case "rst":
        socket.resetAndDestroy();
        break;
      case "half-close":
        socket.end();
        this.#timer = setTimeout(() => socket.destroy(), HALF_CLOSED);
        break;
      default:
        socket.pause();
        this.#after(STALL, () => {
          if (this.#ending === "stall, rst") socket.resetAndDestroy();
          else this.#goOn();
        });
    }
  }

  /** Reads again after a stall: what is left, and more if it was not cut off. */
  #goOn(): void {
    const socket = this.#socket!;
    this.#ending = "stall, cut off";
    // Not every runtime closes the socket of one who was cut off (Deno 2.9).
    this.#silence = setTimeout(() => {
      this.#ending = "stall, silent";
      socket.destroy();
    }, SILENCE);
    socket.resume();
    if (!this.#settling) this.#after(STAY, () => this.#cut());
  }

  #gone(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#socket = undefined;
    this.#world.ended(this.#ending);
    if (this.#ending === "cut off") this.cutOff++;
    this.#note(`${this.#ending} after ${this.checker.cursor}`);
    if (this.#leaving) return;
    // Nothing is published before everyone has been there once.
    if (
      !this.#settling && this.#ending !== "cut off" &&
      this.checker.cursor !== -1 && this.#random.oneIn(LONG_ABSENCE)
    ) {
      this.#awayUntil = this.#world.present + HISTORY.messages;
    } else this.#after(PAUSE, () => this.come());
  }

  #after(time: { low: number; high: number }, then: () => void): void {
    const { low, high } = time;
    this.#timer = setTimeout(then, this.#random.between(low, high));
  }

  #note(what: string): void {
    this.trail.push(what);
    if (this.trail.length > 12) this.trail.shift();
  }
}
