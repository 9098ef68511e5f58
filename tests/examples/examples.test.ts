import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ROOT } from "../tools/command.ts";
import { RUNTIME } from "../tools/runtime.ts";
import { open, readEvents, start } from "./example.ts";

describe("examples/time.ts", () => {
  it("sends the pets of the Go package's README", async () => {
    await using example = await start("time.ts");
    const [pets, dogs, time] = await Promise.all([
      readEvents(open(`${example.url}/subscribe/pets`), 5),
      readEvents(open(`${example.url}/subscribe/pets/dogs`), 3),
      readEvents(open(`${example.url}/subscribe/time`), 2),
    ]);
    assertEquals(
      pets,
      "event:new-dog\ndata:Corgi\n\n" +
        "event:new-cat\ndata:Persian\n\n" +
        "event:new-dog\ndata:Terrier\n\n" +
        "event:new-dog\ndata:Dachshund\n\n" +
        "event:new-cat\ndata:LOLcat\n\n",
    );
    assertEquals(
      dogs,
      "event:new-dog\ndata:Corgi\n\n" +
        "event:new-dog\ndata:Terrier\n\n" +
        "event:new-dog\ndata:Dachshund\n\n",
    );
    assertMatch(time, /^(data:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n\n){2}$/);
  });

  it("ends on Ctrl-C, with a stream open", async () => {
    await using example = await start("time.ts");
    const { body } = await fetch(`${example.url}/subscribe/time`);
    const rest = new Response(body).text();
    const asked = Date.now();
    assertEquals(await example.end("SIGINT"), 0);
    // Rather than once somebody gives up.
    assertEquals(Date.now() - asked < 10_000, true, "promptly");
    await rest;
  });
});

describe("examples/hono.ts", () => {
  it("lets nobody in without credentials", async () => {
    await using example = await start("hono.ts");
    for (const path of ["/updates", "/subscribe/users/ann", "/subscribe/"]) {
      const response = await fetch(example.url + path);
      await response.body?.cancel();
      assertEquals(response.status, 401, path);
    }
    const forged = await fetch(`${example.url}/updates`, {
      headers: signIn("ann", "banana"),
    });
    await forged.body?.cancel();
    assertEquals(forged.status, 401);
  });

  it("sends every user their own updates and nobody else's", async () => {
    await using example = await start("hono.ts");
    const ann = signIn("ann", "apple");
    const bob = signIn("bob", "banana");
    const updates = `${example.url}/updates`;
    const streams = [await open(updates, ann), await open(updates, bob)];
    // Whoever is told first, the other would hear it first too, were it shared.
    await post(`${example.url}/users/bob`, "Lunch?", ann, 204);
    await post(`${example.url}/users/ann`, "Noon.", bob, 204);
    await post(`${example.url}/users/eve`, "Hi.", bob, 404);
    const heard = await Promise.all(
      streams.map((stream) => readEvents(stream, 1)),
    );
    assertEquals(heard, [
      'event:note\ndata:{"from":"bob","text":"Noon."}\n\n',
      'event:note\ndata:{"from":"ann","text":"Lunch?"}\n\n',
    ]);
  });
});

// Node has no host that serves a default export.
if (RUNTIME !== "node") {
  describe("examples/serve.ts", () => {
    it("is served as a default export", async () => {
      const args = RUNTIME === "deno"
        ? ["serve", "-A", "--no-check", "--port=0"]
        : ["run", "--preload", `${ROOT}/tests/examples/any_port.ts`];
      await using example = await start("serve.ts", {
        args,
        // `deno serve` looks for deno.json there, not beside the file (2.9).
        cwd: ROOT,
      });
      assertMatch(
        await readEvents(open(`${example.url}/subscribe/time`), 1),
        /^data:"\d{4}-.*Z"\n\n$/,
      );
    });
  });
}

function signIn(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${user}:${password}`)}` };
}

async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  status: number,
): Promise<void> {
  const response = await fetch(url, { method: "POST", body, headers });
  await response.body?.cancel();
  assertEquals(response.status, status, url);
}
