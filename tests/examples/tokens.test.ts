import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_HINT, launchChromium } from "../tools/chromium.ts";
import { freePort } from "../tools/free_port.ts";
import { Proxy } from "../tools/proxy.ts";
import { RawClient } from "../tools/raw_client.ts";
import { sleep, until } from "../tools/waiting.ts";
import { SHOWS_PAGES } from "../tools/runtime.ts";
import { type Example, start } from "./example.ts";
import { visit } from "./visit.ts";

interface Answer {
  readonly id: string;
  readonly prompt: string;
  readonly text: string;
  readonly tokens: number;
  readonly state: string;
  readonly first: string;
  readonly last: string;
}

const JSON_TYPE = { "Content-Type": "application/json" };

async function ask(
  { url }: Example,
  body: unknown,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Response> {
  return await fetch(`${url}/answers`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
}

async function begin(example: Example, prompt: string): Promise<Answer> {
  const response = await ask(example, { prompt });
  assertEquals(response.status, 201);
  return await response.json();
}

async function read({ url }: Example, id: string): Promise<Answer> {
  return await (await fetch(`${url}/answers/${id}`)).json();
}

async function statusOf({ url }: Example, path: string): Promise<number> {
  const response = await fetch(url + path);
  await response.body?.cancel();
  return response.status;
}

async function stop({ url }: Example, id: string): Promise<void> {
  const response = await fetch(`${url}/answers/${id}/stop`, { method: "POST" });
  assertEquals(response.status, 204);
}

/** Waits until an answer is as far as is asked. */
async function isAt(
  example: Example,
  id: string,
  condition: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await read(example, id);
    if (condition(answer)) return answer;
    if (answer.state !== "running") throw new Error(JSON.stringify(answer));
    await sleep(5);
  }
}

function hear({ url }: Example, id: string, lastEventId: string): RawClient {
  return new RawClient(Number(new URL(url).port), `/subscribe/answers/${id}`, {
    headers: { "Last-Event-ID": lastEventId },
  });
}

/** What the tokens of a stream are together. */
function textOf({ body }: RawClient): string {
  return body.split("\n\n").filter((block) => /^event:token$/m.test(block))
    .map((block) =>
      [...block.matchAll(/^data:(.*)$/gm)].map(([, line]) =>
        // A line that begins with a space gets one more.
        line!.replace(/^ /, "")
      ).join("\n")
    ).join("");
}

describe("examples/tokens", () => {
  it("has every token once, whenever one comes, and then ends", async () => {
    await using example = await start("tokens/main.ts", { env: { PACE: "4" } });
    const { id, first } = await begin(example, "How do I bake bread?");
    const whole = hear(example, id, first);
    const early = await isAt(example, id, ({ tokens }) => tokens > 10);
    const rest = hear(example, id, early.last);
    await until(() => textOf(whole).length > 200, "half of it");
    const late = await read(example, id);
    const end = hear(example, id, late.last);
    await Promise.all([whole, rest, end].map((stream) => stream.done()));

    const answer = await read(example, id);
    assertEquals(answer.state, "finished");
    assert(answer.text.startsWith("I have read a line or two about “bread”. "));
    assertEquals(textOf(whole), answer.text);
    assertEquals(early.text + textOf(rest), answer.text);
    assertEquals(late.text + textOf(end), answer.text);
    assertEquals(
      whole.body.match(/^event:(?!token).*\ndata:.*$/gm)!.slice(1),
      [
        "event:done\ndata:finished",
        `event:sse-end\ndata:{"namespace":"/answers/${id}"}`,
      ],
    );
    // Whoever has seen the end is told not to come back; others get to see it.
    const last = [...whole.body.matchAll(/^id:(.*)$/gm)].at(-1)![1]!;
    assertEquals((await hear(example, id, last).answered()).status, 204);
    assertEquals(
      textOf(await hear(example, id, first).done()),
      answer.text,
    );
  });

  it("writes several at a time, stops them, and forgets old ones", async () => {
    await using example = await start("tokens/main.ts", {
      // None is finished by the time that all are stopped.
      env: { PACE: "100" },
    });
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, i) => begin(example, `No. ${i}`)),
    );
    const refused = await ask(example, { prompt: "One more?" });
    assertEquals(refused.status, 503);
    assertEquals(
      await refused.text(),
      "Too many answers are being written now",
    );
    const streams = begun.map(({ id, first }) => hear(example, id, first));
    await isAt(example, begun[0]!.id, ({ tokens }) => tokens > 5);
    await Promise.all(begun.map(({ id }) => stop(example, id)));
    await Promise.all(streams.map((stream) => stream.done()));
    for (const [i, { id }] of begun.entries()) {
      const { state, prompt, text } = await read(example, id);
      assertEquals([state, prompt], ["stopped", `No. ${i}`]);
      assertEquals(textOf(streams[i]!), text);
    }
    for (let i = 20; i < 201; i++) {
      const { id } = await begin(example, `No. ${i}`);
      await stop(example, id);
      await isAt(example, id, ({ state }) => state === "stopped");
    }
    const statuses = await Promise.all(
      begun.map(({ id }) => statusOf(example, `/answers/${id}`)),
    );
    assertEquals(statuses.sort(), [...Array<number>(19).fill(200), 404]);
  });

  it("lets nobody hear an answer that they do not know, or ask too much", async () => {
    await using example = await start("tokens/main.ts");
    const { id } = await begin(example, "x".repeat(500));
    for (
      const [path, status] of [
        ["/subscribe/", 403],
        ["/subscribe/answers", 404],
        [`/subscribe/answers/${id}?ns=/answers`, 404],
        [`/subscribe/answers/${id}/1`, 404],
        [`/subscribe/answers/${"A".repeat(22)}`, 404],
        [`/answers/${"A".repeat(22)}`, 404],
        ["/answers", 404],
      ] as const
    ) assertEquals(await statusOf(example, path), status, path);
    for (const prompt of ["", " \n", "x".repeat(501), 7, null]) {
      const { status } = await ask(example, { prompt });
      assertEquals(status, 400, JSON.stringify(prompt));
    }
    for (const body of [null, "a", 7, []]) {
      assertEquals((await ask(example, body)).status, 400);
    }
    const { status } = await ask(example, { prompt: "Hi" }, {
      "Content-Type": "text/plain",
    });
    assertEquals(status, 400);
    const large = await ask(example, { prompt: "Hi", more: "x".repeat(5_000) });
    assertEquals(large.status, 413);
    const client = new RawClient(
      Number(new URL(example.url).port),
      "/answers",
      {
        method: "POST",
        headers: { ...JSON_TYPE, "Transfer-Encoding": "chunked" },
        body: '11\r\n{"prompt":"Why?"}\r\n0\r\n\r\n',
      },
    );
    assertEquals((await client.done()).status, 411);
    client.leave();
  });

  if (SHOWS_PAGES) {
    it({
      name:
        `has a page that survives a reload and a lost connection${CHROMIUM_HINT}`,
      ignore: CHROMIUM === undefined,
      fn: async () => {
        const browser = await launchChromium();
        try {
          await Promise.all([survive(browser), outlast(browser)]);
        } finally {
          await browser.close();
        }
      },
    });
  }
});

/** Reloads, loses the connection, and looks at the same in another window. */
async function survive(browser: Browser): Promise<void> {
  // Nothing here waits for an answer's end, so that there is time for all.
  const port = await freePort();
  let example = await start("tokens/main.ts", { env: { PACE: "150" }, port });
  try {
    await using proxy = await Proxy.start(port);
    const one = await visit(browser, `http://localhost:${proxy.port}/`);
    const prompt = "<b onclick=alert()>sea</b>?";
    await one.page.fill("#prompt", prompt);
    await one.page.press("#prompt", "Enter");
    await shows(one.page, 5);
    const id = idOf(one.page);
    await one.page.reload();
    await one.page.locator(".strip .streamed").first().waitFor();
    const other = await visit(browser, `${example.url}/#${id}`);
    await other.page.locator(".strip .streamed").first().waitFor();
    proxy.cut("reset");
    await one.page.locator("[data-state=lost]").waitFor();
    await one.page.locator("[data-state=live]").waitFor();
    await stop(example, id);
    await finishes(one.page, "Stopped");
    await finishes(other.page, "Stopped");
    const answer = await read(example, id);
    for (const { page } of [one, other]) {
      assertEquals(await page.locator("h2").textContent(), prompt);
      assertEquals(await page.locator(".text").textContent(), answer.text);
      assertEquals(await page.locator(".strip i").count(), answer.tokens);
    }
    for (const how of ["fetched", "caught", "streamed"]) {
      assert(await one.page.locator(`.strip .${how}`).count() > 0, how);
    }
    // What is done is read, and needs no stream.
    const before = proxy.requests.length;
    await one.page.reload();
    await finishes(one.page, "Stopped");
    assertEquals(await one.page.locator(".text").textContent(), answer.text);
    assertEquals(
      proxy.requests.slice(before).filter((head) => head.includes("subscribe")),
      [],
    );

    // Two at a time; one is stopped, and the server forgets the other.
    await one.page.click("text=Why is the train late?");
    await one.page.click("text=Is my cat waiting for me?");
    await one.page.locator("#ask", { hasText: "2 are on their way" }).waitFor();
    await shows(one.page, 1);
    await one.page.locator("[data-do=stop]").first().click();
    await finishes(one.page, "Stopped");
    const kept = await one.page.locator(".text").allTextContents();
    await example.end();
    example = await start("tokens/main.ts", { port });
    await one.page.locator("[data-state=gone]").waitFor();
    const texts = await one.page.locator(".text").allTextContents();
    assertEquals(texts[0], kept[0]);
    assert(texts[1]!.startsWith(kept[1]!));
    assertEquals([...one.errors, ...other.errors], []);
  } finally {
    await example.end();
  }
}

/** Stays away for longer than the history reaches back. */
async function outlast(browser: Browser): Promise<void> {
  const env = { PACE: "45", HISTORY: "20" };
  await using example = await start("tokens/main.ts", { env });
  await using proxy = await Proxy.start(Number(new URL(example.url).port));
  const { page, errors } = await visit(
    browser,
    `http://localhost:${proxy.port}/`,
  );
  await page.click("text=How do I bake bread?");
  await shows(page, 5);
  const shown = await page.locator(".strip i").count();
  const id = idOf(page);
  proxy.goDown("reset");
  await page.locator(".state", { hasText: "Connection lost" }).waitFor();
  await isAt(example, id, ({ tokens }) => tokens > shown + 40);
  proxy.recover();
  await finishes(page, "Finished");
  const answer = await read(example, id);
  assertEquals(await page.locator(".text").textContent(), answer.text);
  assertEquals(await page.locator(".strip i").count(), answer.tokens);
  assert(proxy.sent.includes('"reason":"trimmed"'), "a gap");
  assert(await page.locator(".strip .fetched").count() > 20);
  assertEquals(errors, []);
}

/** The first answer's id, from the address. */
function idOf(page: Page): string {
  return new URL(page.url()).hash.slice(1, 23);
}

/** Waits until the first answer has so many tokens. */
async function shows(page: Page, tokens: number): Promise<void> {
  await page.locator(`article:first-child .strip i:nth-child(${tokens})`)
    .waitFor();
}

/** Waits until the first answer is done. */
async function finishes(page: Page, how: string): Promise<void> {
  await page.locator("article:first-child .state", { hasText: how }).waitFor();
}
