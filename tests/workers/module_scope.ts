/** A server without a Durable Object: made while the module is being evaluated. */
import { SSEServer } from "@sseserver/sseserver";

const sse: SSEServer = new SSEServer({
  history: true,
  retry: false,
  admin: true,
  maxAge: 60_000,
  publish: { authorize: () => true },
});

export default sse;
