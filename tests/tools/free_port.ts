import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** From here up to where systems take ports from that nobody has asked for by number. */
const LOWEST = 20_000;
const HIGHEST = 32_767;

/**
 * A port of loopback that nobody listens on, for programs that cannot choose one or
 * that listen on it once more later. Whoever asks for any port, or connects, gets another
 * one meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const span = HIGHEST - LOWEST + 1;
    const server = createServer();
    server.listen(LOWEST + Math.floor(Math.random() * span), "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if ((error as { code?: string }).code === "EADDRINUSE") continue;
      throw error;
    }
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }
}
