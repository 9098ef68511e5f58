import { type EngineRecord, formatId } from "../engine.ts";

/** An event as the console shows it. */
export interface WatchedEvent {
  readonly namespace: string;
  /** `""` without a name. */
  readonly event: string;
  readonly data: string;
  /** `null` where none are sent. */
  readonly id: string | null;
  /** Bytes on the wire, without the id. */
  readonly size: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The data was longer than is shown. */
  readonly truncated: boolean;
}

/** Events a second that are shown: more than anyone reads, less than a page notices. */
const EVENTS_PER_SECOND = 50;
/** Bytes of an event that are shown. */
const SHOWN = 4096;

/** Collects the events of a namespace and below it for one console. */
export class Watch {
  /** Normalised. */
  readonly namespace: string;
  readonly #below: string;
  readonly #hasIds: boolean;
  readonly #now: () => number;
  #events: WatchedEvent[] = [];
  #missed = 0;
  #admitted = 0;

  /** @param hasIds Whether clients get the events with their ids. */
  constructor(namespace: string, hasIds: boolean, now: () => number) {
    this.namespace = namespace;
    this.#hasIds = hasIds;
    this.#below = namespace === "/" ? "/" : namespace + "/";
    this.#now = now;
  }

  /** Looks at an event; cheap for those that are not shown. */
  see(record: EngineRecord): void {
    const { namespace, body } = record;
    if (namespace !== this.namespace && !namespace.startsWith(this.#below)) {
      return;
    }
    if (this.#admitted >= EVENTS_PER_SECOND) {
      this.#missed++;
      return;
    }
    this.#admitted++;
    const { event, data } = parseBody(body);
    this.#events.push({
      namespace,
      event,
      data,
      id: this.#hasIds ? formatId(record) : null,
      size: body.length,
      at: this.#now(),
      truncated: body.length > SHOWN,
    });
  }

  /** Hands over what was collected. */
  take(): readonly WatchedEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Begins the next second; returns how many events the last one left out. */
  nextSecond(): number {
    const missed = this.#missed;
    this.#missed = 0;
    this.#admitted = 0;
    return missed;
  }
}

/** Reads back what `encodeBody` wrote. */
function parseBody(body: Uint8Array): { event: string; data: string } {
  let event = "";
  const data: string[] = [];
  for (
    const line of new TextDecoder().decode(body.subarray(0, SHOWN)).split("\n")
  ) {
    const [, field, value] = /^(event|data):(?: (?= ))?(.*)$/s.exec(line) ??
      [];
    if (field === "event") event = value!;
    else if (field === "data") data.push(value!);
  }
  return { event, data: data.join("\n") };
}
