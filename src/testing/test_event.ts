import { quote } from "../quote.ts";

/**
 * An event as a page gets it from EventSource. A plain object, so that it can be
 * compared with a literal.
 */
export interface TestEvent {
  /** Its name; `"message"` where it had none. */
  readonly event: string;
  /** Its data, lines separated by LF. */
  readonly data: string;
  /** The last id that the stream has given, this event's own included; else `""`. */
  readonly id: string;
}

/** One line for an error message. */
export function describeEvent({ event, data, id }: TestEvent): string {
  return `${event} ${quote(data)}${id === "" ? "" : `, id ${quote(id)}`}`;
}

/** The data of an event as JSON; the error shows what it is where it is none. */
export function parseData({ event, data }: TestEvent): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read the data of event '${event}' as JSON: current value is ${
        quote(data)
      }`,
      { cause },
    );
  }
}
