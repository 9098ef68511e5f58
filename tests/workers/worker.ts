/**
 * What the example has no use for: keepalives that come soon, ends, tickets, routes of
 * one's own. Each name that a client calls the host by is an object of its own.
 */
import { SSEServer } from "@sseserver/sseserver";

interface Env {
  readonly PUBLISH_TOKEN: string;
  readonly HUB: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export class Hub {
  readonly #sse: SSEServer = new SSEServer({
    retry: false,
    keepAlive: 100,
    maxLag: 256 * 1024,
    admin: true,
    publish: { authorize: () => true },
  });
  readonly #private: SSEServer = new SSEServer({
    retry: false,
    authorize: () => false,
  });

  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/updates":
        return await this.#sse.subscribe(request, "/users/ann");
      case "/later":
        // Once this request has been answered.
        setTimeout(
          () => this.#sse.broadcast({ namespace: "/a", data: "later" }),
          20,
        );
        return new Response("soon");
      case "/end":
        this.#sse.end("/a");
        return new Response("ended");
      case "/close":
        await this.#sse.close();
        return new Response("closed");
      case "/ticket":
        return new Response(this.#private.ticket({ namespaces: ["/a"] }));
      case "/serve":
        return new Response(await this.#sse.serve().catch(String) as string);
    }
    return pathname.startsWith("/subscribe/private")
      ? await this.#private.fetch(request)
      : await this.#sse.fetch(request);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    if (pathname === "/publish-from-here") return await publish(env);
    return await env.HUB.get(env.HUB.idFromName(hostname)).fetch(request);
  },
};

/** As docs/workers.md has it. */
async function publish(env: Env): Promise<Response> {
  return await env.HUB.get(env.HUB.idFromName("hub")).fetch(
    new Request("https://hub/publish/news", {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${env.PUBLISH_TOKEN}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ data: { headline: "It works" } }),
    }),
  );
}
