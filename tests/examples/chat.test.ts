import { SSEServer } from "@sseserver/sseserver";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Page } from "playwright-core";
import { type Here, HERE_BYTES, People } from "../../examples/chat/people.ts";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { Proxy } from "../tools/proxy.ts";
import { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";
import { SHOWS_PAGES } from "../tools/runtime.ts";
import { type Example, start } from "./example.ts";
import { visit } from "./visit.ts";

interface Message {
  readonly room: string;
  readonly n: number;
  readonly by: { readonly id: string; readonly name: string };
  readonly text: string;
}

/** Somebody who needs no page. */
class Guest {
  readonly #example: Example;
  readonly #streams: RawClient[] = [];
  cookie = "";

  constructor(example: Example) {
    this.#example = example;
  }

  /** Comes in under a name. */
  static async named(example: Example, name: string): Promise<Guest> {
    const guest = new Guest(example);
    const response = await guest.send("/me", { name });
    assertEquals(response.status, 200);
    assertMatch(
      response.headers.get("set-cookie")!,
      /^chat=[^;]+;.*HttpOnly; SameSite=Strict$/,
    );
    guest.cookie = response.headers.get("set-cookie")!.split(";")[0]!;
    await response.body?.cancel();
    guest.listen("/subscribe/rooms/music");
    return guest;
  }

  listen(path: string): RawClient {
    const stream = new RawClient(
      Number(new URL(this.#example.url).port),
      path,
      {
        headers: { Cookie: this.cookie },
      },
    );
    this.#streams.push(stream);
    return stream;
  }

  async send(
    path: string,
    body: unknown,
    type = "application/json",
  ): Promise<Response> {
    return await fetch(this.#example.url + path, {
      method: "POST",
      headers: { "Content-Type": type, Cookie: this.cookie },
      body: JSON.stringify(body),
    });
  }

  /** Posts; returns the status and what it was answered. */
  async post(
    body: unknown,
    room = "lobby",
    type?: string,
  ): Promise<{ status: number; answer: string; wait: string | null }> {
    // A stream that was asked for may not be there yet.
    for (const stream of this.#streams) await stream.answered();
    const response = await this.send(`/rooms/${room}`, body, type);
    const wait = response.headers.get("retry-after");
    return { status: response.status, answer: await response.text(), wait };
  }

  leave(): void {
    for (const stream of this.#streams) stream.leave();
  }
}

/** The events of a kind that a stream has brought. */
function heard<Data>({ body }: RawClient, event = "message"): Data[] {
  return body.split("\n\n").slice(1, -1).flatMap((block) => {
    const [, name = "message"] = /^event:(.*)$/m.exec(block) ?? [];
    const [, data] = /^data:(.*)$/m.exec(block) ?? [];
    return name === event && data !== undefined ? [JSON.parse(data)] : [];
  });
}

/** Has ten messages said by each of some people, who are then still there. */
async function crowd(
  example: Example,
  size: number,
  room = "lobby",
): Promise<Guest[]> {
  const guests = await Promise.all(
    Array.from({ length: size }, (_, i) => Guest.named(example, `Guest ${i}`)),
  );
  for (const [i, guest] of guests.entries()) {
    for (let k = 0; k < 10; k++) {
      assertEquals((await guest.post({ text: `${i}${k}` }, room)).status, 201);
    }
  }
  return guests;
}

describe("examples/chat", () => {
  it("shows a newcomer the last 50 messages of a room, then what comes", async () => {
    await using example = await start("chat/main.ts");
    const guests = await crowd(example, 6);

    const newcomer = new Guest(example);
    const stream = newcomer.listen("/subscribe/rooms?latest");
    await stream.hearsSomewhere("event:sse-open");
    await guests[1]!.send("/me", { name: "Renamed" });
    const texts = Array.from({ length: 50 }, (_, i) => `${i + 10}`);
    const shown = () =>
      heard<Message>(stream).filter(({ room }) => room === "lobby");
    assertEquals(shown().map(({ text }) => text), texts);
    assertEquals(shown().map(({ n }) => n), texts.map((text) => +text + 2));
    assertEquals(
      heard<{ room: string }>(stream, "topic").map(({ room }) => room),
      ["lobby", "kitchen", "music", "garage"],
    );

    const late = await Guest.named(example, "Late");
    assertEquals((await late.post({ text: " Hello \n you " })).status, 201);
    await until(() => shown().length > 50, "the next message");
    const { by, text, n } = shown().at(-1)!;
    assertEquals([by.name, text, n], ["Late", "Hello \n you", 62]);
    for (const guest of [...guests, newcomer, late]) guest.leave();
  });

  it("tells who is here", async () => {
    await using example = await start("chat/main.ts");
    const watcher = new Guest(example);
    const stream = watcher.listen("/subscribe/here?latest");
    const here = () =>
      heard<{ names: { name: string }[]; more: number }>(stream, "here")
        .map((
          { names, more },
        ) => [...names.map(({ name }) => name).sort(), more])
        .at(-1)?.join(" ") ?? "";
    await until(() => here() === "1", here);
    const ann = await Guest.named(example, "Ann");
    ann.listen("/subscribe/rooms/lobby");
    const bob = await Guest.named(example, "Bob");
    await until(() => here() === "Ann Bob 1", here);
    await ann.send("/me", { name: "Änn O’Neil" });
    await until(() => here() === "Bob Änn O’Neil 1", here);
    ann.leave();
    await until(() => here() === "Bob 1", here);
    bob.leave();
    watcher.leave();
  });

  it("tells of as many as one message holds, however long their names are", async () => {
    const here = await new Promise<Here>((told) => {
      const people = new People(told);
      for (let i = 0; i < 60; i++) {
        const id = crypto.randomUUID().slice(0, 13);
        people.join(People.userOf({ id, name: "\u{20000}".repeat(24) }));
      }
    });
    assertEquals([here.names.length, here.more], [50, 10]);
    await using sse = new SSEServer({ limits: { messageBytes: HERE_BYTES } });
    sse.broadcast({ namespace: "/here", event: "here", data: here });
  });

  it("lets nobody write without a name and a stream, or too much", async () => {
    await using example = await start("chat/main.ts");
    const nobody = new Guest(example);
    assertEquals((await nobody.post({ text: "Hi" })).status, 401);
    for (
      const name of ["", " ", "a\nb", "a\u202eb", "<b>", "x".repeat(25), 7]
    ) {
      const { status } = await nobody.send("/me", { name });
      assertEquals(status, 400, JSON.stringify(name));
    }
    const forger = new Guest(example);
    forger.cookie = `chat=${
      [{ alg: "none" }, { sub: "1", name: "Eve", exp: 2e9 }]
        .map((part) => btoa(JSON.stringify(part)).replaceAll("=", "")).join(".")
    }.`;
    assertEquals((await forger.post({ text: "Hi" })).status, 401);

    const ann = await Guest.named(example, "Ann");
    assertEquals((await ann.post({ text: "Hi" }, "attic")).status, 404);
    const wrong = [
      "",
      " \n ",
      "x".repeat(1_001),
      "\u0007",
      "\n".repeat(20) + 1,
    ];
    for (const text of [...wrong, 7, undefined]) {
      const { status } = await ann.post({ text });
      assertEquals(status, 400, JSON.stringify(text));
    }
    assertEquals(
      (await ann.post({ text: "Hi", key: "k".repeat(65) })).status,
      400,
    );
    assertEquals(
      (await ann.post({ text: "Hi" }, "lobby", "text/plain")).status,
      400,
    );
    assertEquals(
      (await ann.post({ text: "Hi", more: "x".repeat(9_000) })).status,
      413,
    );

    const stream = ann.listen("/subscribe/rooms/lobby?latest");
    const largest = `${String.fromCharCode(0xd800)}\u{1f408}`.repeat(333);
    const key = "same";
    const first = await ann.post({ text: largest, key, by: { name: "Bob" } });
    assertEquals(first, { status: 201, answer: '{"n":2}', wait: null });
    assertEquals(await ann.post({ text: largest, key }), first);
    for (let i = 2; i < 10; i++) await ann.post({ text: `${i}` });
    // Each second that this takes is good for one more.
    const more: string[] = [];
    let refused = await ann.post({ text: "more" });
    while (refused.status === 201 && more.length < 100) {
      more.push("more");
      refused = await ann.post({ text: "more" });
    }
    assertEquals(refused, { status: 429, answer: "Not so fast", wait: "1" });
    await until(
      () => heard(stream).length >= 10 + more.length,
      "the messages",
    );
    assertEquals(
      heard<Message>(stream).map(({ by, text }) => [by.name, text]).slice(1),
      [largest.toWellFormed(), ..."23456789", ...more].map((text) => [
        "Ann",
        text,
      ]),
    );
    ann.leave();
    // Whoever has left may not write, and costs nothing.
    ann.leave();
    let { status } = await ann.post({ text: "Bye" });
    // Until the server knows.
    for (let i = 0; i < 1_000 && status !== 409; i++) {
      await sleep(20);
      ({ status } = await ann.post({ text: "Bye" }));
    }
    assertEquals(status, 409);
  });

  it("has a bound for all together, as whoever comes back begins anew", async () => {
    await using example = await start("chat/main.ts");
    let said = 0;
    for (;;) {
      const guest = await Guest.named(example, "Chatter");
      let { status } = await guest.post({ text: "bla" });
      if (status === 429) break;
      for (let i = 1; i < 10 && status === 201; i++) {
        said++;
        ({ status } = await guest.post({ text: "bla" }));
      }
      guest.leave();
      assert(said < 1_000, "one person");
    }
    assert(said > 100, String(said));
  });

  it("wants to know how long a body is", async () => {
    await using example = await start("chat/main.ts");
    const client = new RawClient(Number(new URL(example.url).port), "/me", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
      },
      body: 'e\r\n{"name":"Ann"}\r\n0\r\n\r\n',
    });
    assertEquals((await client.done()).status, 411);
    client.leave();
  });

  if (SHOWS_PAGES) {
    it({
      name: `has a page that loses and repeats nothing${CHROMIUM_HINT}`,
      ignore: CHROMIUM === undefined,
      fn: talk,
    });
  }
});

async function talk(): Promise<void> {
  const browser = await launchChromium();
  const env = { HISTORY: "60" };
  const port = await freePort();
  let example = await start("chat/main.ts", { env, port });
  await using proxy = await Proxy.start(port);
  try {
    // An address that is none leads to the lobby.
    const ann = await visit(browser, `${example.url}/#%`);
    const bob = await visit(browser, `http://localhost:${proxy.port}/`);
    await signIn(ann.page, "Ann");
    await signIn(bob.page, "Bob");
    const markup = "<img src=x onerror=document.title='bad'>";
    await say(ann.page, markup);
    await says(bob.page, markup);
    await say(bob.page, "two\nlines");
    await says(ann.page, "two\nlines");

    // What is written while the connection is lost goes out with its return.
    proxy.goDown("reset");
    await status(bob.page, "Connection lost");
    await say(bob.page, "from a tunnel");
    await say(ann.page, "Bob?");
    await says(ann.page, "Bob?");
    await bob.page.locator(".pending .note", { hasText: "when the connection" })
      .waitFor();
    assertEquals(await texts(ann.page), [
      WELCOME,
      markup,
      "two\nlines",
      "Bob?",
    ]);
    proxy.recover();
    await status(bob.page, "Live again");
    await says(ann.page, "from a tunnel");
    await bob.page.locator(".pending").waitFor({ state: "detached" });
    const all = [WELCOME, markup, "two\nlines", "Bob?", "from a tunnel"];
    assertEquals(await texts(ann.page), all);
    assertEquals(await texts(bob.page), all);
    assertEquals(await bob.page.locator(".own .text").allTextContents(), [
      "two\nlines",
      "from a tunnel",
    ]);
    await bob.page.locator("#here li", { hasText: "Bob (you)" }).waitFor();

    // A newcomer sees the same, and other rooms show that there is news.
    await bob.page.goto(`http://localhost:${proxy.port}/#music`);
    await say(bob.page, "la la");
    await ann.page.locator("#rooms a", { hasText: "music" })
      .getByLabel("1 new").waitFor();
    await bob.page.goto(`http://localhost:${proxy.port}/#lobby`);
    await bob.page.reload();
    await status(bob.page, "Live");
    await says(bob.page, "from a tunnel");
    assertEquals(await texts(bob.page), all);

    // Away for too long: what is missing is told, and is as much as is not there.
    proxy.goDown("reset");
    await status(bob.page, "Connection lost");
    const guests = await crowd(example, 7, "kitchen");
    proxy.recover();
    await status(bob.page, "Live again");
    await bob.page.locator("#gap").waitFor();
    assertEquals(await texts(bob.page), all);
    await bob.page.goto(`http://localhost:${proxy.port}/#kitchen`);
    await says(bob.page, "69");
    const [hole] = await bob.page.locator(".hole").allTextContents();
    const [, count] = /^(\d+) messages missing here$/.exec(hole!)!;
    assert(Number(count) > 0);
    assertEquals(
      await texts(bob.page),
      Array.from({ length: 70 }, (_, i) => `${i}`.padStart(2, "0"))
        .slice(Number(count)),
    );
    assertMatch(
      (await bob.page.locator("#gap p").textContent())!,
      new RegExp(`forgotten ${count} messages`),
    );
    // What was before one came is not missing.
    await ann.page.goto(`${example.url}/#kitchen`);
    await ann.page.reload();
    await says(ann.page, "69");
    assertEquals(await ann.page.locator(".hole").count(), 0);
    for (const guest of guests) guest.leave();
    await bob.page.goto(`http://localhost:${proxy.port}/#lobby`);

    // A server that has forgotten everything, and who they are.
    await example.end();
    example = await start("chat/main.ts", { env, port });
    await bob.page.locator("#gap p", { hasText: "has forgotten what was said" })
      .waitFor();
    await bob.page.locator("#here li", { hasText: "Bob (you)" }).waitFor();
    await say(bob.page, "again");
    await says(bob.page, "again");
    await bob.page.locator(".pending").waitFor({ state: "detached" });
    assertEquals(await texts(bob.page), [...all, WELCOME, "again"]);

    // What has to wait is not overtaken by what is written after it.
    const refused = {
      status: 429,
      headers: { "Retry-After": "1" },
      body: "Not so fast",
    };
    await bob.page.route("**/rooms/lobby", (route) => route.fulfill(refused), {
      times: 1,
    });
    await say(bob.page, "first");
    await bob.page.locator(".note", { hasText: refused.body }).waitFor();
    await say(bob.page, "second");
    await says(bob.page, "second");
    assertEquals((await texts(bob.page)).slice(-2), ["first", "second"]);
    assertEquals(await bob.page.title(), "lobby · Chat");
    assertEquals([...ann.errors, ...bob.errors], []);
  } finally {
    await browser.close();
    await example.end();
  }
}

const WELCOME =
  "Welcome! Open this page in a second window, or on your phone, and write.";

async function signIn(page: Page, name: string): Promise<void> {
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.locator("#text").waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

/** Waits until a message is the last one that has come. */
async function says(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    `[...document.querySelectorAll("ol[role=log]:not([hidden]) .text")].at(-1)?.textContent === ${
      JSON.stringify(text)
    }`,
  );
}

/** What stands in the current room. */
function texts(page: Page): Promise<string[]> {
  return page.locator("ol[role=log]:not([hidden]) .text").allTextContents();
}

async function status(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    `document.querySelector("#status").textContent === "${text}"`,
  );
}
