/**
 * A server as a default export, for hosts that serve one:
 *
 *     deno serve -A --port 8001 examples/serve.ts
 *     bun run examples/serve.ts
 *     curl localhost:8001/subscribe/time
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
