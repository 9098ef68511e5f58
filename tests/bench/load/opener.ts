import { monotonic } from "./clocks.ts";
import type { Poll } from "./poll.ts";
import type { Streams } from "./streams.ts";

/** Requests that await their answer at a time: a backlog of listen(2) takes these. */
const OUTSTANDING = 256;

/** Microseconds without an answer after which no further one is expected. */
const PATIENCE = 30_000_000;

/** Milliseconds after which the clock is looked at though nothing has come. */
const TURN = 50;

/** Opens so many streams; returns the microseconds that it took. */
export function openAll(streams: Streams, poll: Poll, count: number): number {
  const startedAt = monotonic();
  let answeredAt = startedAt;
  while (streams.all.length < count || streams.outstanding > 0) {
    while (
      streams.all.length < count && streams.outstanding < OUTSTANDING
    ) streams.open();
    const { outstanding } = streams;
    const ready = poll.wait(outstanding > 0 ? TURN : 0);
    for (let nth = 0; nth < ready; nth++) streams.ready(poll.id(nth));
    const now = monotonic();
    if (streams.outstanding < outstanding) answeredAt = now;
    else if (now - answeredAt > PATIENCE) {
      streams.giveUp();
      break;
    }
  }
  return monotonic() - startedAt;
}
