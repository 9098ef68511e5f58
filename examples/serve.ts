/**
 * A server as a default export, for hosts that serve one:
 *
 *     deno serve -A examples/serve.ts
 *     bun run examples/serve.ts
 *
 * Node has no such host: call `sse.serve()` there, as in time.ts.
 */
import { SSEServer } from "@sseserver/sseserver";

const sse: SSEServer = new SSEServer();
setInterval(
  () => sse.broadcast({ namespace: "/time", data: new Date() }),
  1000,
);

export default sse;
