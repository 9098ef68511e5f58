import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RUNTIME } from "../tools/runtime.ts";
import { start, startOnDenoServe } from "../tools/sockets.ts";

describe("namespaces in raw request lines", () => {
  it("are refused with 400 and a message that names the field", async () => {
    await using server = await start();
    const refused: Record<string, RegExp> = {
      "/a%2fb": /encoded slash/,
      "/a%2Fb": /encoded slash/,
      "/%2f": /encoded slash/,
      "/a%0d%0aSet-Cookie:x": /control character/,
      "/a%0adata:forged": /control character/,
      "/a%00": /control character/,
      "/a%7f": /control character/,
      "/a%c2%85": /control character/,
      "/a%": /percent-encoding/,
      "/a%g1": /percent-encoding/,
      "/a%ff": /percent-encoding/,
      "/a%c3": /percent-encoding/,
      "/a%ed%a0%80": /percent-encoding/,
      [`/${"a".repeat(1_025)}`]: /1024 bytes/,
      [`/${"%c3%bc".repeat(513)}`]: /1024 bytes/,
      ["/a".repeat(33)]: /32 segments/,
      "?ns=/a%00": /control character/,
      "?ns=/a/../b": /segment must not be "\.\."/,
      "?ns=/a/.": /segment must not be "\."/,
      "/a?ns=/b&ns=/c%0a": /control character/,
      [`?ns=${"a".repeat(1_025)}`]: /1024 bytes/,
      [`?${"ns=/a&".repeat(65)}`]: /'ns' must not name more than 64/,
      [`/a?${"ns=/a&".repeat(64)}`]: /current value has 65/,
    };
    for (const [path, message] of Object.entries(refused)) {
      const { status, body, headerLines } = await server.ask(
        `/subscribe${path}`,
      );
      assertEquals([path, status], [path, 400]);
      assertMatch(body, message);
      assertMatch(body, /^400 Cannot (use 'namespace'|subscribe as 'ns').*\n$/);
      assertEquals(headerLines.filter((line) => /^set-cookie/i.test(line)), []);
    }
    assertEquals(server.streams, 0);
  });

  it("are accepted up to the limits", async () => {
    await using server = await start();
    const accepted: Record<string, string> = {
      [`/${"a".repeat(1_023)}`]: `/${"a".repeat(1_023)}`,
      [`/${"%c3%bc".repeat(511)}`]: `/${"ü".repeat(511)}`,
      ["/a".repeat(32)]: "/a".repeat(32),
      [`/a?${"ns=/a&".repeat(63)}`]: "/a",
    };
    for (const [path, namespace] of Object.entries(accepted)) {
      const client = await server.open(`/subscribe${path}`);
      assertEquals([client.status, server.sse.status().connections[0]], [200, {
        ...server.sse.status().connections[0]!,
        namespace,
      }]);
      client.leave();
      await server.settles(0);
    }
  });

  it("have their percent-encoding undone once", async () => {
    await using server = await start();
    const decoded: Record<string, string> = {
      "/a%20b": "/a b",
      "/%61": "/a",
      "/%2561": "/%61",
      "/a%252fb": "/a%2fb",
      "/%E2%82%AC": "/€",
      "/a+b": "/a+b",
      "/a%3Fb%23c": "/a?b#c",
      "/a:b@c;d,e": "/a:b@c;d,e",
      "?ns=a+b": "/a b",
      "?ns=%2561": "/%61",
    };
    for (const [path, namespace] of Object.entries(decoded)) {
      const client = await server.open(`/subscribe${path}`);
      assertEquals(client.status, 200, path);
      assertEquals(server.sse.status().connections[0]!.namespace, namespace);
      server.sse.broadcast({ namespace, data: 1 });
      await client.hears(":ok\n\ndata:1\n\n");
      client.leave();
      await server.settles(0);
    }
  });

  it("do not leave /subscribe through dots, however they are written", async () => {
    await using server = await start({ admin: true });
    const dots = ["..", "%2e%2e", "%2E.", ".%2e", ".", "%2e"];
    for (const dot of dots) {
      for (const path of [`/subscribe/${dot}`, `/subscribe/a/${dot}/b`]) {
        const client = server.send(path);
        await client.answered();
        // Hosts that resolve them do so before anyone sees the URL.
        if (client.status === 200) {
          await client.hears(":ok\n\n");
          const { namespace } = server.sse.status().connections[0]!;
          assertEquals(["/", "/a/b", "/b"].includes(namespace), true, path);
        } else {
          await client.done();
          assertEquals([400, 404].includes(client.status), true, path);
        }
        client.leave();
        await server.settles(0);
      }
    }
  });

  if (RUNTIME === "deno") {
    it("with dots are refused where the host leaves them in the URL", async () => {
      await using server = startOnDenoServe();
      for (const dots of ["..", "%2e%2e", "."]) {
        const { status, body } = await server.ask(`/subscribe/a/${dots}/b`);
        assertEquals(status, 400);
        assertMatch(body, /'namespace' as a segment must not be "\.\.?"/);
      }
    });
  }

  it("may be called like what every object has", async () => {
    await using server = await start();
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    for (const name of names) {
      const client = await server.open(`/subscribe/${name}`);
      server.sse.broadcast({ namespace: `/${name}/x`, data: name });
      server.sse.broadcast({ namespace: "/other", data: name });
      server.sse.broadcast({ namespace: `/${name}`, data: "end" });
      await client.hears(`:ok\n\ndata:${name}\n\ndata:end\n\n`);
      client.leave();
      await server.settles(0);
    }
  });

  it("as long as a request line can be do no harm", async () => {
    await using server = await start();
    for (const length of [4_000, 12_000]) {
      const { status } = await server.ask(`/subscribe/${"a".repeat(length)}`);
      assertEquals(status, 400);
    }
    const absurd = await server.send(`/subscribe/${"a".repeat(200_000)}`)
      .done();
    assertEquals(absurd.status === 200, false);
    assertEquals(server.streams, 0);
    assertEquals((await server.open("/subscribe/a")).body, ":ok\n\n");
  });
});
