/**
 * What the types of a client allow and what they refuse, checked by the static part of
 * the tests: an `@ts-expect-error` that is none fails there.
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SSEClient } from "@sseserver/sseserver/client";

interface Events {
  "/": { motd: { text: string } };
  "/pets/:kind": {
    "new-pet": { name: string; born: Date; tags?: Map<string, string> };
    note: string;
    either: string | { text: string };
  };
  "/raw": { message: Uint8Array };
  // deno-lint-ignore no-explicit-any -- data that nothing is known of
  "/any": { any: any; unknown: unknown };
}

/** Opens nothing, and says it has: what is called here is called for its types. */
class NoEventSource {
  readonly readyState = 1;
  addEventListener(type: string, listener: (event: unknown) => void): void {
    if (type === "open") listener({ type });
  }
  close(): void {}
}

const options = { EventSource: NoEventSource };

describe("a typed client", () => {
  it("knows the events of what it hears, and their data as parsed JSON", () => {
    const client = new SSEClient<Events>("", options);
    const pets = client.subscribe("/pets");
    pets.on("new-pet", ({ name, born }, { lastEventId }) => {
      const texts: [string, string, string | undefined] = [
        name,
        born,
        lastEventId,
      ];
      return texts;
    });
    pets.onText("note", (text) => text.length);
    pets.onText("either", (text) => text.length);
    client.subscribe("/").on("motd", ({ text }) => text.length);
    client.subscribe(["/raw", "/pets/dogs"])
      .onText("message", (text) => text.length)
      .on("new-pet", ({ name }) => name.length);

    client.subscribe("/any")
      .on("any", (data) => data.whatever).onText("any", (text) => text.length)
      .on("unknown", () => {}).onText("unknown", (text) => text.length);
    const name: string = "/pets/dogs";
    client.subscribe([name]).on("new-pet", (pet) => pet.name.length);

    // @ts-expect-error That is an event of the root, which /pets does not hear.
    pets.on("motd", () => {});
    // @ts-expect-error There is no such event.
    pets.on("new-dog", () => {});
    // @ts-expect-error A text is not sent as JSON.
    pets.on("note", () => {});
    // @ts-expect-error It may be a text that is no JSON.
    pets.on("either", () => {});
    // @ts-expect-error A pet is sent as JSON.
    pets.onText("new-pet", () => {});
    // @ts-expect-error The date is a text by then.
    pets.on("new-pet", ({ born }) => born.getTime());
    assertEquals(pets.status, "open");
  });

  it("knows what the server tells besides", () => {
    const pets = new SSEClient<Events>("", options).subscribe("/pets");
    pets.on("sse-gap", ({ reason }) => reason === "trimmed");
    pets.on("sse-end", ({ namespace }) => namespace.length);
    pets.on("sse-open", ({ resumed }) => resumed === true);
    pets.on("sse-status", (status) => status === "open");
    // @ts-expect-error There is no such status.
    pets.on("sse-status", (status) => status === "lost");
    // @ts-expect-error It is no text.
    pets.onText("sse-gap", () => {});
    assertEquals(pets.status, "open");
  });

  it("takes everything where there is no map of events", () => {
    const any = new SSEClient("", options).subscribe(["/a", "/b"]);
    any.on("anything", (data) => data.whatever).onText("text", (t) => t.length);
    any.on("sse-gap", ({ from }) => from.length);
    // @ts-expect-error What the server tells is known all the same.
    any.on("sse-gap", ({ since }) => since);
    const name: string = "/c";
    new SSEClient("", options).subscribe(name).on("event", () => {});
    assertEquals(any.status, "open");
  });
});
