import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { connect } from "node:net";
import { ChunkFramer } from "../../src/serve/chunk_framer.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { start } from "../tools/sockets.ts";
import { until } from "../tools/waiting.ts";

/** Sends bytes as they are, and returns all that comes until nothing more is due. */
async function exchange(
  port: number,
  request: string,
  isEnough: (text: string) => boolean,
  meanwhile: () => void = () => {},
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (part) => text += part);
  socket.write(request);
  await until(() => {
    meanwhile();
    return isEnough(text);
  }, () => `more than: ${text}`);
  socket.destroy();
  return text;
}

const GET = (path: string, version = "1.1") =>
  `GET ${path} HTTP/${version}\r\nHost: localhost\r\n\r\n`;

describe("a chunk's frame", () => {
  it("is its size in hexadecimal, and line ends", () => {
    const framer = new ChunkFramer();
    const bytes = new TextEncoder().encode("data:1\n\n");
    assertEquals(framer.frame(bytes).toString(), "8\r\ndata:1\n\n\r\n");
    assertEquals(framer.frame(bytes), framer.frame(bytes));
    for (const length of [1, 15, 16, 17, 255, 4_095, 4_096, 65_536]) {
      const large = new Uint8Array(length).fill(120);
      assertEquals(
        framer.frame(large).toString("latin1"),
        `${length.toString(16)}\r\n${"x".repeat(length)}\r\n`,
      );
    }
    assertEquals(framer.frame(bytes).toString(), "8\r\ndata:1\n\n\r\n");
  });
});

describe("a response", () => {
  // Bun 1.4 drops a request that comes before the last was answered.
  if (RUNTIME !== "bun") {
    it("waits for the one before it on the same connection", async () => {
      await using server = await start();
      const { sse, port } = server;
      const text = await exchange(
        port,
        GET("/subscribe/a") + GET("/subscribe/b"),
        (text) => text.split("data:end\n\n").length >= 3,
        () => {
          for (const { namespace } of sse.status().connections) {
            sse.broadcast({ namespace, data: "end" });
          }
          sse.end("/a");
        },
      );
      const [, first, second] = text.split("HTTP/1.1 200");
      assertEquals(first!.includes("data:end\n\n"), true);
      assertEquals(first!.endsWith("0\r\n\r\n"), true);
      assertEquals(second!.includes(":ok\n\n"), true);
    });
  }

  it("is not chunked for a client of HTTP/1.0", async () => {
    await using server = await start();
    const text = await exchange(
      server.port,
      GET("/subscribe/a", "1.0"),
      (text) => text.includes("data:2\n\n"),
      () => {
        if (server.streams === 0) return;
        server.sse.broadcast({ namespace: "/a", data: "1" });
        server.sse.broadcast({ namespace: "/a", data: "2" });
      },
    );
    const body = text.slice(text.indexOf("\r\n\r\n") + 4);
    assertEquals(/transfer-encoding/i.test(text), false);
    assertEquals(body.startsWith(":ok\n\ndata:1\n\ndata:2\n\n"), true, body);
  });
});
