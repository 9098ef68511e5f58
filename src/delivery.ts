import type { Channel } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Directory } from "./directory.ts";
import type { Reader } from "./reader.ts";
import { Turn } from "./turn.ts";
import { WaitingLine } from "./waiting_line.ts";

/** More than this is not left waiting within a turn: it is handed out. */
const UNSENT_BYTES = 1024 * 1024;

/**
 * Brings what was broadcast to its readers.
 *
 * What a turn has brought is sealed and handed out at its end, as long as the
 * server can serve everyone in each turn. One that cannot serves its readers in
 * rounds, and seals what has come since only once a round: every reader then gets
 * one large piece instead of many small ones, as a write to a socket costs much
 * more than a byte in it.
 */
export class Delivery {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #sent: (channels: Iterable<Channel>) => void;
  readonly #line: WaitingLine;
  readonly #turn: Turn;
  /** Channels with something sealed that was not handed out yet; some of them twice. */
  #sealed: Channel[] = [];
  /** The size of that. */
  #sealedBytes = 0;
  /** Whether something was sealed since the round began. */
  #hasSealed = false;

  /** @param sent Told of the channels whose readers were handed something. */
  constructor(
    directory: Directory,
    clock: Clock,
    sent: (channels: Iterable<Channel>) => void,
  ) {
    this.#directory = directory;
    this.#clock = clock;
    this.#sent = sent;
    this.#line = new WaitingLine(clock);
    this.#turn = new Turn({
      flush: () => this.#flushInTurn(),
      serve: (elapsed) => this.#line.serve(elapsed),
    });
  }

  /** Whether the last turn could not serve all who waited. */
  get isSaturated(): boolean {
    return this.#line.isOverdue;
  }

  /** The same for any turn since a second ago or two. */
  get isBusy(): boolean {
    return this.#line.isBusy;
  }

  /** See {@linkcode WaitingLine.relief}. */
  get relief(): Promise<void> | undefined {
    return this.#line.relief;
  }

  /** Takes note that something was broadcast, which leaves with its turn. */
  request(): void {
    const { pending, hasFull } = this.#directory;
    if (pending + this.#sealedBytes > UNSENT_BYTES) {
      this.flush();
    } else {
      // Whatever its turn brings besides, a full segment is not to be cut anew.
      if (hasFull) this.#seal();
      this.#turn.requestFlush();
    }
  }

  /** Hands out all that was broadcast so far. */
  flush(): void {
    this.#seal();
    this.#send();
  }

  /** Lets a reader that has asked for more while it is behind wait for its turn. */
  park(reader: Reader): void {
    this.#line.add(reader);
    this.#turn.requestServe();
  }

  /** Lets a second go by. */
  tick(): void {
    this.#line.tick();
  }

  /** Lets those go on who wait for relief: there are no readers any more. */
  relieve(): void {
    this.#line.relieve();
  }

  #flushInTurn(): void {
    if (!this.#line.isOverdue) return this.flush();
    if (this.#line.isRoundOver) {
      // After a full segment, the rest waits until it is one as well.
      if (!this.#hasSealed) this.#seal();
      this.#line.beginRound();
      this.#hasSealed = false;
    }
    this.#send();
  }

  #seal(): void {
    const { pending } = this.#directory;
    if (pending === 0) return;
    this.#sealedBytes += pending;
    this.#hasSealed = true;
    const sealed = this.#directory.seal(this.#clock.now());
    if (this.#sealed.length === 0) this.#sealed = sealed;
    else for (const channel of sealed) this.#sealed.push(channel);
  }

  #send(): void {
    if (this.#sealedBytes === 0) return;
    const channels = this.#sealed;
    this.#sealed = [];
    this.#sealedBytes = 0;
    for (const channel of channels) channel.flush();
    this.#sent(channels);
  }
}
