import { readStamp } from "./clocks.ts";
import { BUFFER } from "./connection.ts";
import { EventChecker } from "./events.ts";
import type { Latencies } from "./latencies.ts";
import { Opening } from "./opening.ts";
import { isAmong, type LoadPlan } from "./plan.ts";
import type { Poll } from "./poll.ts";
import { Stream } from "./stream.ts";

/** The least that Linux has to offer, nearly: the server's side fills soon. */
const STALLED_BUFFER = 4_096;

/** The streams of a load, and what comes on them. */
export class Streams {
  /** With stalled ones, whose answer nobody reads, as soon as the request went out. */
  opened = 0;
  failed = 0;
  /** Ended by the server after they were opened. */
  closed = 0;
  /** Checked streams that have got as many events as the load is to last for. */
  done = 0;
  /** By number. */
  readonly all: Stream[] = [];
  /** Bytes after the response head, by number. */
  readonly bytes: Float64Array;
  /** The sum of these. */
  readonly total: Float64Array = new Float64Array(1);

  readonly #plan: LoadPlan;
  readonly #poll: Poll;
  readonly #drained: Poll;
  readonly #latencies: Latencies;

  /**
   * @param polls Of those that are checked, where all begin, and of those that are
   * drained.
   */
  constructor(
    plan: LoadPlan,
    polls: { readonly checked: Poll; readonly drained: Poll },
    latencies: Latencies,
  ) {
    this.#plan = plan;
    this.#poll = polls.checked;
    this.#drained = polls.drained;
    this.#latencies = latencies;
    this.bytes = new Float64Array(plan.streams);
  }

  /** Streams that have been asked for and not answered. */
  get outstanding(): number {
    return this.all.length - this.opened - this.failed;
  }

  /** Events on all checked streams since they were opened. */
  get events(): number {
    return this.all.reduce(
      (sum, { checker }) => sum + (checker?.events ?? 0),
      0,
    );
  }

  /** Opens the next one. */
  open(): void {
    const { streams, stalled, checked, port, path, headers = {} } = this.#plan;
    const number = this.all.length;
    const isStalled = isAmong(number, stalled, streams);
    const readBefore = number - Math.floor(number * stalled / streams);
    const isChecked = !isStalled &&
      isAmong(readBefore, checked, streams - stalled);
    const opening = new Opening(this.#poll, number, {
      port,
      number,
      path,
      headers,
      ...isStalled && { receiveBuffer: STALLED_BUFFER },
    });
    const checker = isChecked ? new EventChecker(this.#latencies) : undefined;
    const stream = new Stream(opening, checker, isStalled);
    this.all.push(stream);
    this.#progress(number, stream, opening);
  }

  /** Gives up those that have not been answered, and those not yet opened. */
  giveUp(): void {
    for (const { opening } of this.all) opening?.connection.close();
    this.failed = this.#plan.streams - this.opened;
  }

  /** Reads one, as its connection is ready. */
  ready(number: number): void {
    const stream = this.all[number]!;
    const { connection, opening, checker } = stream;
    if (!connection.isOpen) return;
    if (opening !== undefined) {
      opening.proceed();
      this.#progress(number, stream, opening);
    } else if (checker === undefined) {
      const length = connection.skip();
      this.bytes[number]! += length;
      this.total[0]! += length;
      if (!connection.isOpen) this.closed++;
    } else this.#take(number, stream, 0, connection.read());
  }

  #progress(number: number, stream: Stream, opening: Opening): void {
    if (opening.hasFailed) this.failed++;
    else if (stream.isStalled && opening.isSent) {
      this.#poll.remove(stream.connection.fd);
      stream.begin();
      this.opened++;
    } else if (opening.isAnswered) {
      stream.begin();
      this.opened++;
      this.#take(number, stream, opening.bodyAt, opening.bodyEnd);
      const { fd, isOpen } = stream.connection;
      if (stream.checker === undefined && isOpen) {
        this.#poll.remove(fd);
        this.#drained.add(fd, number, false);
      }
    }
  }

  /** Takes what has been read into the buffer. */
  #take(number: number, stream: Stream, start: number, end: number): void {
    const { checker, connection } = stream;
    this.bytes[number]! += end - start;
    this.total[0]! += end - start;
    if (checker !== undefined) {
      readStamp(this.#latencies.now);
      this.#latencies.turn();
      stream.feed(BUFFER, start, end);
      const { until } = this.#plan;
      if (until !== undefined && !stream.isDone && checker.events >= until) {
        stream.isDone = true;
        this.done++;
      }
    }
    if (!connection.isOpen) this.closed++;
  }
}
