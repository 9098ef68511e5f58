/** What a client makes of an event stream, as it makes it. */
export interface EventStreamSink {
  /** An event; `id` is the last one that the stream has given, `event` never empty. */
  event(event: string, data: string, id: string): void;
  /** A comment, without its colon and one space after that. */
  comment(text: string): void;
  /** The time until the client should come back, in milliseconds. */
  retry(milliseconds: number): void;
}

/** LF, CR or both end a line, in any mixture (WHATWG HTML 9.2.5). */
const LINE_END = /\r\n|\r|\n/g;

const ASCII_DIGITS = /^[0-9]+$/;

/**
 * Interprets an event stream (WHATWG HTML 9.2.6). What is not ended by an empty
 * line when the stream ends was never an event.
 */
export class EventStreamParser {
  /**
   * The last event id string: that of the last empty line, so that one which was
   * cut off does not count, but one of an event without data does.
   */
  lastEventId: string;

  readonly #sink: EventStreamSink;
  #isAtStart = true;
  #endsInCR = false;
  #line = "";
  #data = "";
  #event = "";
  #id: string;

  /**
   * @param lastEventId What earlier connections have come to. By the standard's
   * letter each connection begins with an empty buffer, so that an empty line
   * would make it forget where it was; Chromium, Firefox and WebKit go on with it.
   */
  constructor(sink: EventStreamSink, lastEventId = "") {
    this.#sink = sink;
    this.#id = this.lastEventId = lastEventId;
  }

  /** Takes the next piece of the decoded stream, which may be split anywhere. */
  feed(text: string): void {
    if (text === "") return;
    let at = 0;
    if (this.#isAtStart && text.startsWith("\ufeff")) at = 1;
    if (this.#endsInCR && text.startsWith("\n")) at = 1;
    this.#isAtStart = false;
    this.#endsInCR = text.endsWith("\r");
    for (const { 0: end, index } of text.matchAll(LINE_END)) {
      if (index < at) continue;
      const line = this.#line + text.slice(at, index);
      at = index + end.length;
      this.#line = "";
      this.#takeLine(line);
    }
    this.#line += text.slice(at);
  }

  #takeLine(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    switch (name) {
      case "":
        this.#sink.comment(value);
        break;
      case "event":
        this.#event = value;
        break;
      case "data":
        this.#data += `${value}\n`;
        break;
      case "id":
        if (!value.includes("\0")) this.#id = value;
        break;
      case "retry":
        if (ASCII_DIGITS.test(value)) this.#sink.retry(Number(value));
        break;
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event || "message";
    this.#data = this.#event = "";
    this.lastEventId = this.#id;
    // A line without a value still adds its LF, and makes an event of it.
    if (data !== "") this.#sink.event(event, data.slice(0, -1), this.#id);
  }
}
