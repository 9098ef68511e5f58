/**
 * What typed events allow and what they refuse. That is checked where the types are, by
 * the static part of the tests: an `@ts-expect-error` that is none fails there.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type AnyEvents,
  type EventDataOf,
  type EventNameOf,
  type MessageOf,
  type Parsed,
  type SSEMessage,
  SSEServer,
} from "@sseserver/sseserver";
import { SSEHub } from "@sseserver/sseserver/hub";

interface Pet {
  name: string;
  born?: Date;
}

interface Events {
  "/": { motd: string };
  "/time": { message: Date };
  "/pets/:kind": { "new-pet": Pet; message: string };
  "/pets/:kind/:id": { weight: number };
  "/users/:id": { mail: { from: string } };
  "/users/me": { settings: { dark: boolean } };
}

/** Holds where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

function same<A, B>(_same: Same<A, B>): void {}

const sse = new SSEServer<Events>();

describe("typed events", () => {
  it("allow what the map says, and nothing else", () => {
    const id: string = "42";
    sse.broadcast({ namespace: "/", event: "motd", data: "hi" });
    sse.broadcast({ namespace: "/time", data: new Date() });
    sse.broadcast({ namespace: "/time", event: "message", data: new Date() });
    sse.broadcast({ namespace: "/time", event: undefined, data: new Date() });
    sse.broadcast({
      namespace: "/pets/dogs",
      event: "new-pet",
      data: { name: "Rex" },
    });
    sse.broadcast({ namespace: "/pets/cats", data: "a text" });
    sse.broadcast({ namespace: `/pets/dogs/${id}`, event: "weight", data: 7 });
    sse.broadcast({
      namespace: `/users/${id}`,
      event: "mail",
      data: { from: "Ann" },
    });
    const said = sse.publish({
      namespace: `/users/${id}`,
      event: "mail",
      data: { from: "Bob" },
    });
    said.catch(() => {});

    // @ts-expect-error No pattern fits.
    sse.broadcast({ namespace: "/petshop", data: "a text" });
    // @ts-expect-error One segment too few.
    sse.broadcast({ namespace: "/pets", data: "a text" });
    // @ts-expect-error No such event there.
    sse.broadcast({ namespace: "/time", event: "tick", data: new Date() });
    // @ts-expect-error Another type of data.
    sse.broadcast({ namespace: "/time", data: "noon" });
    // @ts-expect-error A field is missing in the data.
    sse.broadcast({ namespace: "/pets/dogs", event: "new-pet", data: {} });
    // @ts-expect-error The data is missing.
    assertThrows(() => sse.broadcast({ namespace: "/time" }), TypeError);
    // @ts-expect-error Without a name it is `message`, which is not sent there.
    sse.broadcast({ namespace: "/users/7", data: { from: "Ann" } });
    sse.broadcast({
      namespace: `/pets/dogs/${id}`,
      event: "weight",
      // @ts-expect-error The weight of a pet is a number.
      data: "7 kg",
    });
    // @ts-expect-error It may be any namespace.
    sse.broadcast({ namespace: id, data: "a text" });
    // @ts-expect-error It may be any event.
    sse.broadcast({ namespace: "/pets/dogs", event: id, data: "a text" });
  });

  it("allow for a choice what goes for each, and for no pattern", () => {
    const id: string = "42";
    const either = id === "42" ? "/time" : "/users/7";
    const kind = id === "42" ? "dogs" : "cats";
    sse.broadcast({ namespace: `/pets/${kind}`, data: "a text" });
    // @ts-expect-error One of them has no mail.
    sse.broadcast({ namespace: either, event: "mail", data: { from: "" } });
    // @ts-expect-error One of them fits no pattern.
    sse.broadcast({ namespace: id ? "/time" : "/pets", data: new Date() });
    sse.broadcast({
      namespace: "/pets/dogs",
      event: id ? "new-pet" : "message",
      // @ts-expect-error It would not be right for a new pet.
      data: "a text",
    });
    // @ts-expect-error Whose mail?
    sse.broadcast({ namespace: "/users/:id", event: "mail", data: id });
    // @ts-expect-error Whose mail?
    sse.broadcast({ namespace: "/users/:user", event: "mail", data: id });
  });

  it("refuse what the server refuses", () => {
    const hub = new SSEHub<{
      "/a": { none: void; maybe?: number; large: bigint; "sse-open": string };
    }>();
    hub.broadcast({ namespace: "/a", event: "maybe", data: 1 });
    const data = undefined;
    const refused = [
      // @ts-expect-error There is no data.
      () => hub.broadcast({ namespace: "/a", event: "none", data }),
      // @ts-expect-error There is no data.
      () => hub.broadcast({ namespace: "/a", event: "maybe", data }),
      // @ts-expect-error JSON has no such numbers.
      () => hub.broadcast({ namespace: "/a", event: "large", data: 1n }),
      // @ts-expect-error That is an event of the server's own.
      () => hub.broadcast({ namespace: "/a", event: "sse-open", data: "" }),
    ];
    for (const broadcast of refused) assertThrows(broadcast, TypeError);
  });

  it("take a namespace that is in the map before a pattern that fits it", () => {
    sse.broadcast({
      namespace: "/users/me",
      event: "settings",
      data: { dark: true },
    });
    sse.broadcast({
      namespace: "/users/me",
      // @ts-expect-error That is for others.
      event: "mail",
      // @ts-expect-error So is its data.
      data: { from: "Ann" },
    });
  });

  it("tell what a subscriber hears", () => {
    same<EventNameOf<Events, "/time">, "message">(true);
    same<EventNameOf<Events, "/pets">, "new-pet" | "message" | "weight">(true);
    same<EventNameOf<Events, "/pets/dogs/1">, "weight">(true);
    same<EventNameOf<Events, "/time" | "/users/7">, "message" | "mail">(true);
    same<
      EventNameOf<Events, "/">,
      "motd" | "message" | "new-pet" | "weight" | "mail" | "settings"
    >(true);
    same<EventDataOf<Events, "/time", "message">, string>(true);
    same<
      EventDataOf<Events, "/pets", "new-pet">,
      { name: string; born?: string }
    >(true);
    same<EventNameOf<Events, `/users/${string}`>, "mail" | "settings">(true);
    same<
      EventNameOf<Events, string>,
      "motd" | "message" | "new-pet" | "weight" | "mail" | "settings"
    >(true);
    // @ts-expect-error It is a text by then.
    same<EventDataOf<Events, "/time", "message">, Date>(true);
  });

  it("know what JSON makes of data", () => {
    interface Dog {
      name: string;
      bark(): void;
    }
    type JSONValue = null | number | JSONValue[] | { [key: string]: JSONValue };
    same<Parsed<Dog>, { name: string }>(true);
    same<Parsed<{ a: Date | undefined }>, { a: string | undefined }>(true);
    same<Parsed<[Date, ...(Date | undefined)[]]>, [
      string,
      ...(string | null)[],
    ]>(true);
    same<Parsed<(1 | undefined)[]>, (1 | null)[]>(true);
    // deno-lint-ignore no-explicit-any -- that is what it is about
    same<Parsed<{ a: any; b: unknown }>, { a: any; b: unknown }>(true);
    const parsed: Parsed<{ value: JSONValue }> = { value: [[1]] };
    const { value }: { value: JSONValue } = parsed;
    assertEquals(value, [[1]]);
  });

  it("say nothing where there is no map of them", () => {
    const untyped = new SSEServer();
    const message: SSEMessage = { namespace: "/a", event: "b", data: 1 };
    untyped.broadcast(message);
    untyped.broadcast({ namespace: "/any", data: { thing: true } });
    same<MessageOf<AnyEvents, "/a", "b">, SSEMessage>(true);
    same<EventNameOf<AnyEvents, "/a">, string>(true);
    same<EventDataOf<AnyEvents, "/a", "b">, AnyEvents>(true);
    // @ts-expect-error Data there must be.
    assertThrows(() => untyped.broadcast({ namespace: "/any" }), TypeError);
  });

  it("go with what takes a server or hub of any events", () => {
    const close = (hub: SSEHub) => hub.close();
    const name = (server: SSEServer) => server.constructor.name;
    close(new SSEHub<Events>()).catch(() => {});
    assertEquals(name(sse), "SSEServer");
    const typed: SSEServer<Events> = new SSEServer();
    assertEquals(name(typed), "SSEServer");
  });
});
