/** A stream and a response for each connection, and nothing else. */
import { listen } from "./host.ts";
import { obey } from "./program.ts";

const opening = new TextEncoder().encode(":ok\n\n");
const port = await listen(() => {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    { start: (controller) => controller.enqueue(opening) },
    { highWaterMark: 0 },
  );
  return new Response(stream, {
    headers: { "Content-Type": "text/event-stream" },
  });
});
obey({ port });
