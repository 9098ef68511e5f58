/** This project's server, as a program would use it. */
import { SSEServer } from "@sseserver/sseserver";
import { Pace } from "./pace.ts";
import { obey, options } from "./program.ts";

const { history = false, before = 0 } = options();
const sse = new SSEServer({ history });
const { port } = await sse.serve({
  port: 0,
  hostname: "127.0.0.1",
  log: false,
  signals: false,
});
const lastEventId = history
  ? await sse.publish({ namespace: "/bench", data: "first" })
  : undefined;
const pace = new Pace((namespace, data) => sse.broadcast({ namespace, data }));
if (before > 0) {
  pace.set({ rate: 0, namespace: "/bench" });
  pace.burst(before);
}
obey(lastEventId === undefined ? { port } : { port, lastEventId }, pace);
