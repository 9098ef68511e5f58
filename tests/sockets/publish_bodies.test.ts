import { SSEServer } from "@sseserver/sseserver";
import { TestClock } from "@sseserver/sseserver/testing";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  begin,
  outcome,
  post,
  refusals,
  start,
  TOKEN,
} from "../tools/publishing.ts";
import type { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";

describe("a body that is too large", () => {
  it("is refused by its length, before it is sent", async () => {
    await using server = await start({ limits: { messageBytes: 1_000 } });
    const answer = await begin(server, { "Content-Length": "100000000" })
      .done();
    assertEquals(answer.status, 413);
    assertStringIncludes(answer.body, "limits.messageBytes");
  });

  it("is refused by its data where the body has room for more", async () => {
    await using server = await start({ limits: { messageBytes: 1_000 } });
    const fits = await post(server, "/publish/a", "x".repeat(1_000));
    assertEquals(outcome(fits), [201, "1"]);
    const large = await post(server, "/publish/a", "x".repeat(1_001));
    assertEquals(large.status, 413);
    assertStringIncludes(large.body, "'data' must not be larger than 1000");
    assertEquals(await refusals(server), { tooLarge: 1 });
  });

  it("is cut at the limit where its length is not known", async () => {
    await using server = await start();
    const client = begin(server, { "Transfer-Encoding": "chunked" });
    const before = resident();
    const { peak } = await upload(client, 1024);
    assertEquals(client.status, 413);
    assertEquals(await refusals(server), { tooLarge: 1 });
    const held = Math.round((peak - before) / MIB);
    assertEquals(held < 256, true, `held ${held} MiB`);
    assertEquals(outcome(await post(server, "/publish/a", "x")), [201, "1"]);
  });

  it("is not published where it is malformed or ends too soon", async () => {
    await using server = await start();
    const client = await server.open("/subscribe/");
    const bodies: [string, string][] = [
      ["Transfer-Encoding: chunked", "zz\r\n\r\n"],
      ["Transfer-Encoding: chunked", "4\r\nhalf\r\nzz\r\n"],
      ["Transfer-Encoding: chunked", "4\r\nhalf\r\n"],
      ["Content-Length: 10", "half"],
    ];
    for (const [length, body] of bodies) {
      const [name, value] = length.split(": ");
      const sender = begin(server, { [name!]: value! }, body);
      sender.socket.end();
      await until(() => sender.status !== 0 || sender.gone, "an end");
      assertEquals(sender.status === 201, false);
      sender.leave();
    }
    server.sse.broadcast({ namespace: "/a", data: "end" });
    await client.hearsLast("data:end\n\n");
    assertEquals(client.body, ":ok\n\ndata:end\n\n");
  });

  it("is not for authorize to read", async () => {
    const errors: string[] = [];
    await using server = await start({
      publish: { authorize: async (request) => !!(await request.text()) },
      onError: (error) => errors.push((error as Error).message),
    });
    assertEquals((await post(server, "/publish/a", "x")).status, 503);
    await until(() => errors.length > 0, "onError");
    assertEquals(errors, ["Cannot publish as 'authorize' has read the body"]);
    assertEquals(await refusals(server), { authorize: 1 });
  });

  it("has 30 s to come", async () => {
    const clock = new TestClock();
    const sse = new SSEServer({ publish: { token: TOKEN }, clock });
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([120])),
      cancel: () => void (cancelled = true),
    });
    const answering = sse.fetch(
      new Request("http://localhost/publish/a", {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${TOKEN}`,
          "Content-Type": "text/plain",
        },
        body,
        duplex: "half",
      } as RequestInit),
    );
    await until(() => clock.timers > 0, "the body to be read");
    await clock.advance(29_000);
    assertEquals(cancelled, false);
    await clock.advance(1_000);
    const answer = await answering;
    assertEquals([answer.status, cancelled], [408, true]);
    assertEquals(clock.timers, 0);
    await answer.text();
    await sse.close();
  });

  it("leaves nothing behind when its client goes in the middle", async () => {
    let isAsked = false;
    await using server = await start({
      publish: { authorize: () => isAsked = true },
    });
    const client = begin(server, { "Content-Length": "100" }, "half");
    await until(() => isAsked, "the request");
    await sleep(200);
    client.reset();
    // What waited for the rest is told, long before its time is over.
    for (let attempts = 0; attempts < 400; attempts++) {
      if ((await refusals(server)).malformed === 1) break;
      await sleep(50);
    }
    assertEquals(await refusals(server), { malformed: 1 });
    assertEquals(outcome(await post(server, "/publish/a", "x")), [201, "1"]);
  });
});

const MIB = 1024 * 1024;

/**
 * Sends chunks of a mebibyte, as fast as they are taken, until the connection ends or
 * takes no more though it was answered. Returns how much memory there was at most.
 */
async function upload(
  client: RawClient,
  mebibytes: number,
): Promise<{ peak: number }> {
  const chunk = new TextEncoder().encode(
    `100000\r\n${"x".repeat(MIB)}\r\n`,
  );
  let peak = 0;
  for (let sent = 0; sent < mebibytes && !client.gone; sent++) {
    const hasRoom = client.socket.write(chunk);
    peak = Math.max(peak, resident());
    if (hasRoom) continue;
    const begun = performance.now();
    await until(
      () =>
        client.gone || client.socket.writableLength === 0 ||
        (client.status !== 0 && performance.now() - begun > 1_000),
      "the server to take or to refuse a body",
    );
    if (client.socket.writableLength > 0) break;
  }
  await client.answered();
  return { peak };
}

function resident(): number {
  const { process } = globalThis as unknown as {
    process: { memoryUsage(): { rss: number } };
  };
  return process.memoryUsage().rss;
}
