import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ExpiringMap } from "../src/expiring_map.ts";
import { type Grant, narrowed, parseGrant } from "../src/grant.ts";
import { KeyReusedError, PublishedKeys } from "../src/http/published_keys.ts";
import { intersection, isWithin } from "../src/namespace.ts";

const LIMITS = { namespaceLength: 1024, namespaceDepth: 32 };

describe("isWithin", () => {
  it("goes by whole segments", () => {
    const pairs = [
      ["/pets", "/pets", true],
      ["/pets/dogs", "/pets", true],
      ["/pets/dogs/1", "/pets", true],
      ["/petshop", "/pets", false],
      ["/pets", "/pets/dogs", false],
      ["/pets", "/", true],
      ["/", "/", true],
      ["/", "/pets", false],
    ] as const;
    for (const [namespace, above, expected] of pairs) {
      assertEquals(
        [namespace, above, isWithin(namespace, above)],
        [namespace, above, expected],
      );
    }
  });
});

describe("a grant", () => {
  it("narrows what is asked for to the intersection by segments", () => {
    const cases: [string[], string[], string[]][] = [
      [["/users/42"], ["/users/42"], ["/users/42"]],
      [["/users/42/mail"], ["/users/42"], ["/users/42/mail"]],
      [["/users"], ["/users/42", "/users/7"], ["/users/42", "/users/7"]],
      [["/users/421"], ["/users/42"], []],
      [["/users/4"], ["/users/42"], []],
      [["/"], ["/a"], ["/a"]],
      [["/a", "/b"], ["/"], ["/a", "/b"]],
      [["/a", "/b"], ["/b", "/c"], ["/b"]],
      [["/a"], [], []],
    ];
    for (const [asked, granted, expected] of cases) {
      assertEquals(intersection(asked, granted), expected);
      const grant = parseGrant({ namespaces: granted }, LIMITS, "Cannot");
      assertEquals(narrowed(asked, grant), expected);
    }
  });

  it("is everything that is asked for where it names nothing", () => {
    const granted = parseGrant({}, LIMITS, "Cannot");
    assertEquals(granted, {
      namespaces: undefined,
      expires: undefined,
      user: "",
    });
    assertEquals(narrowed(["/a", "/"], granted), ["/a", "/"]);
  });

  it("takes a Date and milliseconds", () => {
    const at = Date.UTC(2030, 0, 1);
    for (const expires of [at, new Date(at)]) {
      assertEquals(parseGrant({ expires }, LIMITS, "Cannot").expires, at);
    }
  });

  it("is refused with the field's name where it is not as it should be", () => {
    const grants: [string, unknown][] = [
      ["namespaces", { namespaces: "/a" }],
      ["namespace", { namespaces: ["/a/../b"] }],
      ["namespace", { namespaces: [7] }],
      ["expires", { expires: "tomorrow" }],
      ["expires", { expires: NaN }],
      ["expires", { expires: new Date("never") }],
      ["user", { user: 7 }],
      ["user", { user: "a\nb" }],
      ["user", { user: "a".repeat(257) }],
      ["expire", { expire: 7 }],
    ];
    for (const [field, grant] of grants) {
      assertThrows(
        () => parseGrant(grant as Grant, LIMITS, "Cannot grant"),
        Error,
        `'${field}'`,
      );
    }
  });
});

describe("a map that expires", () => {
  it("forgets what is too old, and only that", () => {
    let now = 1_000_000;
    const map = new ExpiringMap<number>(
      { lifetime: 100, capacity: 1_000 },
      () => now,
    );
    map.set("a", 1);
    now += 60;
    map.set("b", 2);
    assertEquals([map.get("a"), map.get("b")], [1, 2]);
    now += 40;
    assertEquals([map.get("a"), map.get("b")], [undefined, 2]);
    map.set("c", 3);
    assertEquals([map.get("b"), map.get("c")], [2, 3]);
    now += 60;
    assertEquals([map.get("b"), map.get("c")], [undefined, 3]);
  });

  it("never holds more than its capacity, and always the newer half", () => {
    const map = new ExpiringMap<number>(
      { lifetime: 100, capacity: 100 },
      () => 0,
    );
    for (let i = 0; i < 10_000; i++) {
      map.set(`${i}`, i);
      for (let back = 0; back < 50 && back <= i; back++) {
        assertEquals(map.get(`${i - back}`), i - back);
      }
      assertEquals(map.size <= 100, true);
    }
  });

  it("holds nothing of what came two lifetimes ago", () => {
    let now = 0;
    const map = new ExpiringMap<number>(
      { lifetime: 100, capacity: 1_000 },
      () => now,
    );
    for (let i = 0; i < 500; i++) map.set(`${i}`, i);
    now = 250;
    map.set("new", 1);
    assertEquals(map.size, 1);
  });

  it("forgets a key in either generation, and takes one anew", () => {
    let now = 0;
    const map = new ExpiringMap<number>(
      { lifetime: 100, capacity: 1_000 },
      () => now,
    );
    map.set("old", 1);
    map.set("again", 1);
    now = 90;
    map.set("again", 2);
    now = 120;
    map.set("young", 3);
    assertEquals([map.get("old"), map.get("again")], [undefined, 2]);
    map.delete("young");
    map.delete("again");
    assertEquals([map.get("young"), map.get("again")], [undefined, undefined]);
  });
});

describe("keys of what was published", () => {
  function counting(): {
    keys: PublishedKeys<number>;
    published: () => number;
  } {
    let published = 0;
    return {
      keys: new PublishedKeys(() => Date.now()),
      published: () => published++,
    };
  }

  it("publish once, also while the first is under way", async () => {
    const { keys, published } = counting();
    const publish = () => Promise.resolve().then(published);
    const first = keys.once("k", "f", publish);
    assertEquals(await Promise.all([first, keys.once("k", "f", publish)]), [
      0,
      0,
    ]);
    assertEquals(await keys.once("k", "f", publish), 0);
    assertEquals(await keys.once("other", "f", publish), 1);
  });

  it("are refused for something else", async () => {
    const { keys, published } = counting();
    await keys.once("k", "f", () => Promise.resolve(published()));
    assertThrows(
      () => keys.once("k", "g", () => Promise.resolve(published())),
      KeyReusedError,
    );
  });

  it("are free again after a failure", async () => {
    const { keys, published } = counting();
    const failure = keys.once("k", "f", () => Promise.reject(new Error("no")));
    assertEquals(await failure.catch((error) => error.message), "no");
    assertEquals(
      await keys.once("k", "g", () => Promise.resolve(published())),
      0,
    );
  });
});
