import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Program } from "../tools/program.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

/** A program that serves, and says what it knows of its end. */
function program(serveOptions = "", more = ""): string {
  return `
    import { SSEServer } from "@sseserver/sseserver";
    const sse = new SSEServer({ retry: false });
    const handle = await sse.serve({
      port: 0, hostname: "127.0.0.1", ${serveOptions}
    });
    handle.finished.then(() => console.log("FINISHED"));
    ${more}
  `;
}

describe("a program that serves", () => {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    it(`closes cleanly on ${name} and ends with code 0`, async () => {
      await using child = new Program(program());
      const port = await child.port();
      const client = new RawClient(port, "/subscribe/a");
      await client.hears(":ok\n\n");
      child.signal(name);
      await client.done();
      assertEquals([client.body, client.ending], [":ok\n\n", "complete"]);
      assertEquals(await child.end(), 0);
      assertStringIncludes(child.output, "FINISHED");
      assertStringIncludes(child.output, "CONNECT /subscribe/a 127.0.0.1\n");
      assertStringIncludes(
        child.output,
        "DISCONNECT /subscribe/a 127.0.0.1 closed\n",
      );
    });
  }

  it("closes all its servers on one signal", async () => {
    await using child = new Program(program(
      "",
      `const other = new SSEServer({ retry: false });
       const { port } = await other.serve({ port: 0, hostname: "127.0.0.1" });
       console.log("SECOND " + port + ";");`,
    ));
    const first = new RawClient(await child.port(), "/subscribe/a");
    await until(() => /SECOND \d+;/.test(child.output), "the second port");
    const second = new RawClient(
      Number(/SECOND (\d+);/.exec(child.output)![1]),
      "/subscribe/a",
    );
    await first.hears(":ok\n\n");
    await second.hears(":ok\n\n");
    child.signal("SIGTERM");
    assertEquals((await first.done()).ending, "complete");
    assertEquals((await second.done()).ending, "complete");
    assertEquals(await child.end(), 0);
  });

  for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it(`ends at once with ${code} on a second ${name}`, async () => {
      await using child = new Program(program(
        "",
        // Closing that takes for ever, as with an engine that hangs.
        `sse.close = () => {
           console.log("CLOSING");
           return new Promise(() => {});
         };`,
      ));
      const port = await child.port();
      const client = new RawClient(port, "/subscribe/a");
      await client.hears(":ok\n\n");
      child.signal(name);
      await child.prints("CLOSING");
      child.signal(name);
      assertEquals(await child.end(), code);
      await client.done();
    });
  }

  it("leaves signals to the program with signals: false", async () => {
    await using child = new Program(program("signals: false"));
    const client = new RawClient(await child.port(), "/subscribe/a");
    await client.hears(":ok\n\n");
    child.signal("SIGTERM");
    assertEquals(await child.end(), "SIGTERM");
    assertEquals((await client.done()).ending, "cut");
  });

  it("leaves signals alone again once its server is closed", async () => {
    await using child = new Program(program(
      "",
      `await sse.close();
       setInterval(() => {}, 1000);
       console.log("CLOSED");`,
    ));
    await child.prints("CLOSED");
    child.signal("SIGINT");
    assertEquals(await child.end(), "SIGINT");
  });

  it("ends by itself once its server is closed and nothing else is left", async () => {
    await using child = new Program(program(
      "",
      `const clients = await Promise.all([1, 2, 3].map((i) =>
         fetch("http://127.0.0.1:" + handle.port + "/subscribe/" + i)));
       sse.broadcast({ namespace: "/1", data: "x" });
       const texts = Promise.all(clients.map((client) => client.text()));
       await sse.close();
       console.log(JSON.stringify(await texts));`,
    ));
    assertEquals(await child.end(), 0);
    assertStringIncludes(child.output, ':ok\\n\\n"');
  });

  it(`says on ${RUNTIME} why it cannot serve`, async () => {
    await using child = new Program(program(
      "",
      `await new SSEServer().serve({
         port: handle.port, hostname: "127.0.0.1",
       }).catch((error) => console.log("REFUSED " + error.message));
       await sse.close();`,
    ));
    assertEquals(await child.end(), 0);
    assertStringIncludes(child.output, "REFUSED Cannot serve on 127.0.0.1:");
  });
});
