import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { start } from "../tools/sockets.ts";
import { after, begun, resumed, say, wireOf } from "../tools/wire.ts";

describe("?latest", () => {
  it("sends the last message of each namespace first, without an id", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "/a/x:1", "/b:2", "/a/y:3", "/a/x:4", "/a:5", "/c:6");
    const heard = ":ok\n\n" + "data:3\n\n" + "data:4\n\n" + "data:5\n\n" +
      'id:E-6\nevent:sse-open\ndata:{"resumed":false}\n\n';
    for (const query of ["latest", "latest=true", "latest=1&ns=/a/x"]) {
      const client = server.send(`/subscribe/a?${query}`);
      await client.hears(wire(heard));
      client.leave();
      await server.settles(0);
    }
    const client = server.send("/subscribe/a?latest&ns=/b");
    const both = ":ok\n\ndata:2\n\n" + heard.slice(":ok\n\n".length);
    await client.hears(wire(both));
    say(server, "/b:7");
    await client.hears(wire(both + "id:E-7\ndata:7\n\n"));
  });

  it("keeps the event's name, and opens at once where there is nothing", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    const { sse } = server;
    sse.broadcast({ namespace: "/a", event: "price", data: "one\ntwo" });
    await server.send("/subscribe/a?latest").hears(wire(
      ":ok\n\n" + "event:price\ndata:one\ndata:two\n\n" +
        'id:E-1\nevent:sse-open\ndata:{"resumed":false}\n\n',
    ));
    await server.send("/subscribe/nothing?latest").hears(wire(begun("E-1")));
  });

  it("is beaten by a valid id, and off by false or 0", async () => {
    await using server = await start({ history: true });
    const wire = await wireOf(server);
    say(server, "1", "2");
    const resumer = server.send("/subscribe/a?latest", after(wire("E-1")));
    await resumer.hears(wire(resumed("E-1") + "id:E-2\ndata:2\n\n"));
    const current = server.send("/subscribe/a?latest", after(wire("E-2")));
    await current.hears(wire(resumed("E-2")));
    for (const query of ["latest=false", "latest=0"]) {
      await server.send(`/subscribe/a?${query}`).hears(wire(begun("E-2")));
    }
  });

  it("is sent after a gap, as things stood where the stream goes on", async () => {
    await using server = await start({ history: { messages: 3 } });
    const wire = await wireOf(server);
    // Busy /a/y has to give its oldest, 2.
    say(server, "/a/x:1", "/a/y:2", "/a/y:3", "/a/y:4");
    const trimmed = JSON.stringify({
      from: "E-1",
      to: "E-2",
      reason: "trimmed",
    });
    const client = server.send("/subscribe/a?latest", after(wire("E-1")));
    await client.hears(wire(
      `:ok\n\nid:E-2\nevent:sse-gap\ndata:${trimmed}\n\n` +
        "data:1\n\n" +
        'id:E-2\nevent:sse-open\ndata:{"resumed":false}\n\n' +
        "id:E-3\ndata:3\n\n" + "id:E-4\ndata:4\n\n",
    ));
  });

  it("is answered with 400 that names it where there is no history", async () => {
    await using server = await start();
    const refused = await server.ask("/subscribe/a?latest");
    assertEquals([refused.status, refused.body], [
      400,
      "400 Cannot subscribe with 'latest' as this server keeps no history\n",
    ]);
    const client = server.send("/subscribe/a?latest=false");
    await client.hears(":ok\n\n");
    assertEquals(client.status, 200);
  });
});
