import { SSEServer } from "@sseserver/sseserver";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";

/** Calls back on a host that says it is workerd, as it is with Node's modules there. */
function pretending(use: () => void): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: "Cloudflare-Workers" },
    configurable: true,
  });
  try {
    use();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "navigator");
    else Object.defineProperty(globalThis, "navigator", before);
  }
}

/** Opens a stream that nobody reads or cancels; returns what aborts its request. */
function open(sse: SSEServer): AbortController {
  const client = new AbortController();
  const { signal } = client;
  sse.subscribe(new Request("http://localhost/", { signal }), "/a");
  return client;
}

describe("a client that has gone", () => {
  it("is told of by the request's signal on workerd, even if nothing else is", async () => {
    const left: string[] = [];
    await using sse = new SSEServer({
      onDisconnect: (_, reason) => left.push(reason),
    });
    pretending(() => {
      const client = open(sse);
      open(sse);
      assertEquals(sse.status().runtime, "workerd");
      assertEquals(sse.status().connections.length, 2);
      client.abort();
      assertEquals(sse.status().connections.length, 1);
    });
    await Promise.resolve();
    assertEquals(left, ["client"]);
  });

  it("is not told of by the signal elsewhere: Deno aborts it on success too", async () => {
    await using sse = new SSEServer();
    const client = open(sse);
    client.abort();
    assertEquals(sse.status().connections.length, 1);
  });
});
