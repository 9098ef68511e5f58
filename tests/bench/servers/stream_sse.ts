/** A loop over the streams of Hono's streamSSE, as its documentation has it. */
import { Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { listen } from "./host.ts";
import { Pace } from "./pace.ts";
import { obey } from "./program.ts";

const streams = new Set<SSEStreamingApi>();
const app = new Hono();
app.get("/subscribe/:namespace", (c) =>
  streamSSE(c, async (stream) => {
    const gone = new Promise<void>((resolve) => stream.onAbort(resolve));
    await stream.write(":ok\n\n");
    streams.add(stream);
    await gone;
    streams.delete(stream);
  }));
const broadcast = (_: string, data: string) =>
  Promise.all([...streams].map((stream) => stream.writeSSE({ data })));
obey({ port: await listen(app.fetch) }, new Pace(broadcast));
