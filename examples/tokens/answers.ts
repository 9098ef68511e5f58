import type { SSEServer } from "@sseserver/sseserver";

/** Answers that are kept, finished ones included. */
const KEPT = 200;
/** Answers that are written at a time, for everyone together. */
const RUNNING = 20;

/** Writes an answer; ends early once `signal` aborts. */
export type Model = (
  prompt: string,
  signal: AbortSignal,
) => AsyncIterable<string>;

/** How far an answer is. */
export type AnswerState = "running" | "finished" | "stopped" | "failed";

/** An answer as far as it is written. */
export interface Answer {
  /** Nobody can guess it: to know it is to be allowed to read and stop it. */
  readonly id: string;
  readonly prompt: string;
  readonly text: string;
  /** How many the text is made of. */
  readonly tokens: number;
  readonly state: AnswerState;
  /** The id of the event before the first token. */
  readonly first: string;
  /** The id of the event up to which the text goes: a stream from there has the rest. */
  readonly last: string;
}

interface Work {
  answer: Answer;
  readonly stop: AbortController;
}

/**
 * Has answers written, and publishes each token to `/answers/<id>`.
 *
 * The text is kept besides, as an app keeps it anyway, with the id of the event that
 * it goes up to. Both always change together, so whoever takes them and then listens
 * from that id has every token once.
 */
export class Answers {
  readonly #sse: SSEServer;
  readonly #model: Model;
  readonly #works: Map<string, Work> = new Map();
  #running = 0;

  constructor(sse: SSEServer, model: Model) {
    this.#sse = sse;
    this.#model = model;
  }

  /** Begins an answer; `undefined` where too many are being written. */
  async begin(prompt: string): Promise<Answer | undefined> {
    if (this.#running >= RUNNING) return undefined;
    this.#running++;
    const id = newId();
    try {
      const first = await this.#sse.publish({
        namespace: namespaceOf(id),
        event: "prompt",
        data: prompt,
      });
      const answer: Answer = {
        id,
        prompt,
        text: "",
        tokens: 0,
        state: "running",
        first,
        last: first,
      };
      const work = { answer, stop: new AbortController() };
      this.#works.set(id, work);
      this.#forgetOldest();
      this.#write(work).finally(() => this.#running--);
      return answer;
    } catch (error) {
      this.#running--;
      throw error;
    }
  }

  /** An answer, if it is still kept. */
  get(id: string): Answer | undefined {
    return this.#works.get(id)?.answer;
  }

  /** The answer that is published to a namespace. */
  at(namespace: string): Answer | undefined {
    const [, id = ""] = /^\/answers\/([^/]+)$/.exec(namespace) ?? [];
    return this.get(id);
  }

  /** Has no more of an answer written; does nothing once it is finished. */
  stop(id: string): void {
    this.#works.get(id)?.stop.abort();
  }

  async #write(work: Work): Promise<void> {
    const { answer: { id, prompt }, stop: { signal } } = work;
    const namespace = namespaceOf(id);
    let state: AnswerState = "finished";
    try {
      for await (const token of this.#model(prompt, signal)) {
        const last = await this.#sse.publish({
          namespace,
          event: "token",
          data: token,
        });
        const { text, tokens } = work.answer;
        work.answer = {
          ...work.answer,
          text: text + token,
          tokens: tokens + 1,
          last,
        };
      }
    } catch (error) {
      state = signal.aborted ? "stopped" : "failed";
      if (state === "failed") {
        console.error(`An answer broke off: ${(error as Error).message}`);
      }
    }
    work.answer = { ...work.answer, state };
    this.#sse.broadcast({ namespace, event: "done", data: state });
    // Whoever hears only this answer is let go, and an EventSource does not come back.
    this.#sse.end(namespace);
  }

  #forgetOldest(): void {
    for (const [id, { answer: { state } }] of this.#works) {
      if (this.#works.size <= KEPT) return;
      if (state !== "running") this.#works.delete(id);
    }
  }
}

function namespaceOf(id: string): string {
  return `/answers/${id}`;
}

/** 128 random bits. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
    .replaceAll("/", "_").replaceAll("=", "");
}
