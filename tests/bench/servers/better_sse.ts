/** A channel of better-sse. */
import { createChannel, createSession } from "better-sse";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pace } from "./pace.ts";
import { obey } from "./program.ts";

const channel = createChannel();
const server = createServer(async (request, response) => {
  channel.register(
    await createSession(request, response, {
      serializer: (data) => String(data),
    }),
  );
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
obey(
  { port: (server.address() as AddressInfo).port },
  new Pace((_, data) => channel.broadcast(data)),
);
