import { TimeoutError } from "./deadline.ts";
import type { Connection, Ending } from "./connection.ts";
import type { Inbox } from "./inbox.ts";
import { describeEvent } from "./test_event.ts";

/** How many events a message shows, the newest. */
const SHOWN = 20;

/** How many characters of what was on the wire. */
const SHOWN_TEXT = 1_000;

const ENDINGS: Record<Ending, string> = {
  server: "the server has ended the stream",
  client: "the client has left",
  error: "the stream has failed",
};

/**
 * Why `what` has not come and what has come instead. A `TimeoutError` where it
 * still could come.
 */
export function failure(
  what: string,
  source: string,
  timeout: number,
  connection: Connection,
  inbox: Inbox,
): Error {
  const { isStream, ending, error } = connection;
  const why = ending === undefined
    ? `it has not come within ${timeout} ms`
    : isStream
    ? ENDINGS[ending]
    : "there is no event stream";
  const seen = isStream ? eventsOf(connection, inbox) : answerOf(connection);
  const message = `Cannot get ${what} of ${source} as ${why}: ${seen}`;
  return ending === undefined
    ? new TimeoutError(message)
    : new Error(message, error === undefined ? {} : { cause: error });
}

function answerOf({ response: { status, headers }, text }: Connection): string {
  const type = headers.get("Content-Type");
  return `the answer has status ${status}, content type ${
    type === null ? "none" : JSON.stringify(type)
  } and body ${shorten(text)}`;
}

function eventsOf({ text }: Connection, { events, taken }: Inbox): string {
  if (events.length === 0) return `current text is ${shorten(text)}`;
  const lines = events.map((event, i) =>
    `\n  ${i < taken ? "seen" : "new"}: ${describeEvent(event)}`
  ).slice(-SHOWN);
  const left = lines.length < events.length
    ? `the last ${SHOWN} of ${events.length} events are`
    : "current events are";
  return left + lines.join("");
}

function shorten(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text,
  );
}
