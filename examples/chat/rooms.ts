import type { SSEServer } from "@sseserver/sseserver";
import type { Person } from "./sessions.ts";

/** The rooms that there are, and what they are for. A stranger cannot make more. */
const TOPICS: Readonly<Record<string, string>> = {
  lobby: "Come in and say hello",
  kitchen: "What is for dinner?",
  music: "What are you listening to?",
  garage: "Things that are almost repaired",
};

/** Messages of a room that a newcomer is shown. */
const SHOWN = 50;
/** Keys of messages that are remembered, in case one is posted again. */
const KEYS = 1_000;

/** What someone has said. */
export interface Message {
  readonly room: string;
  /** Changes when the numbers begin anew. */
  readonly run: string;
  /** Rises by one from message to message of a room, so that a hole shows. */
  readonly n: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly by: Person;
  readonly text: string;
  /** Chosen by who posted it, who knows it again by that. */
  readonly key: string;
}

/**
 * Publishes what is said in rooms.
 *
 * The messages of a room go to `/rooms/<room>/0` to `/rooms/<room>/49` in turn. A
 * stream of `/rooms/<room>` hears them all, and with `?latest` it begins with the
 * last one of each: the last 50, from the server's own history. There is no second
 * one to keep, and no moment between what was and what is.
 */
export class Rooms {
  readonly #sse: SSEServer;
  readonly #run = Date.now().toString(36);
  readonly #counts: Map<string, number> = new Map();
  readonly #posted: Map<string, Promise<Message>> = new Map();

  constructor(sse: SSEServer) {
    this.#sse = sse;
    for (const [room, topic] of Object.entries(TOPICS)) {
      sse.broadcast({
        namespace: `/rooms/${room}`,
        event: "topic",
        data: { room, topic },
      });
    }
    const server = { id: "", name: "The server" };
    this.post(
      "lobby",
      server,
      "Welcome! Open this page in a second window, or on your phone, and write.",
      "welcome",
    );
  }

  /** Whether there is such a room. */
  has(room: string): boolean {
    return Object.hasOwn(TOPICS, room);
  }

  /**
   * Tells everyone in a room; what comes again with the same key of the same
   * person is told once. Rejects where the server cannot take it now.
   */
  post(
    room: string,
    by: Person,
    text: string,
    key: string,
  ): Promise<Message> {
    const own = `${by.id} ${key}`;
    let posted = this.#posted.get(own);
    if (posted === undefined) {
      posted = this.#publish(room, by, text, key);
      this.#posted.set(own, posted);
      // What was refused may be tried again.
      posted.catch(() => this.#posted.delete(own));
      if (this.#posted.size > KEYS) {
        this.#posted.delete(this.#posted.keys().next().value!);
      }
    }
    return posted;
  }

  async #publish(
    room: string,
    by: Person,
    text: string,
    key: string,
  ): Promise<Message> {
    const n = (this.#counts.get(room) ?? 0) + 1;
    this.#counts.set(room, n);
    const message: Message = {
      room,
      run: this.#run,
      n,
      at: Date.now(),
      by,
      text,
      key,
    };
    await this.#sse.publish({
      namespace: `/rooms/${room}/${n % SHOWN}`,
      data: message,
    });
    return message;
  }
}
