/**
 * A hub on Cloudflare Workers: one Durable Object, to which every request goes.
 *
 *     npm install @sseserver/sseserver
 *     npx wrangler dev --var PUBLISH_TOKEN:0123456789abcdef ADMIN_KEY:0123456789abcdef
 *
 *     curl -N localhost:8787/subscribe/news
 *     curl localhost:8787/publish/news -H 'Authorization: Bearer 0123456789abcdef' \
 *       -H 'Content-Type: text/plain' --data-binary 'It works'
 *
 * docs/workers.md tells what is different there.
 */
import { SSEServer } from "@sseserver/sseserver";

/** What wrangler.jsonc binds, and the secrets: `npx wrangler secret put PUBLISH_TOKEN`. */
interface Env {
  // Or DurableObjectNamespace, of @cloudflare/workers-types.
  readonly HUB: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
  readonly PUBLISH_TOKEN: string;
  readonly ADMIN_KEY: string;
}

const MIB = 1024 * 1024;

/** All that is shared lives in here: an object is one thread, in one place. */
export class Hub {
  readonly #sse: SSEServer;

  constructor(_state: unknown, env: Env) {
    this.#sse = new SSEServer({
      history: true,
      // An object has 128 MB, for everything.
      maxLag: 4 * MIB,
      limits: { bufferedBytes: 32 * MIB },
      // The default export below is the proxy.
      trustProxy: true,
      publish: { token: env.PUBLISH_TOKEN },
      admin: { key: env.ADMIN_KEY },
    });
  }

  fetch(request: Request): Response | Promise<Response> {
    return this.#sse.fetch(request);
  }
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    // Cloudflare tells the client's address, so what the client says does not count.
    const address = request.headers.get("CF-Connecting-IP") ?? "";
    const forwarded = new Request(request);
    forwarded.headers.set("X-Forwarded-For", address);
    return env.HUB.get(env.HUB.idFromName("hub")).fetch(forwarded);
  },
};
