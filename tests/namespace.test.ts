import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  parentOf,
  parseNamespace,
  parseNamespacePath,
  topmost,
} from "../src/namespace.ts";

const LIMITS = { namespaceLength: 1024, namespaceDepth: 32 };

function parse(namespace: string): string {
  return parseNamespace(namespace, LIMITS);
}

function parsePath(path: string): string {
  return parseNamespacePath(path, LIMITS);
}

describe("a namespace", () => {
  it("gets one leading slash and loses doubled and trailing ones", () => {
    for (const written of ["/a/b", "a/b", "//a///b", "a/b/", "/a/b//"]) {
      assertEquals(parse(written), "/a/b");
    }
  });

  it("is the root when it has no segments", () => {
    for (const written of ["", "/", "//", "///"]) {
      assertEquals(parse(written), "/");
    }
  });

  it("keeps case, spaces, dots and everything else in its segments", () => {
    const odd = "/Pets/ a b /...//.hidden/%2F/?#,é🐕\u2028/__proto__";
    assertEquals(parse(odd), odd.replace("//", "/"));
  });

  it("is refused when a segment is . or ..", () => {
    for (const written of [".", "/..", "/a/./b", "a/../b", "/a/.."]) {
      const { message } = assertThrows(() => parse(written), TypeError);
      assertEquals(
        message,
        `Cannot use 'namespace' as a segment must not be "${
          written.includes("..") ? ".." : "."
        }": current value is ${JSON.stringify(written)}`,
      );
    }
  });

  it("is refused when it holds a control character", () => {
    for (const code of [0, 9, 10, 13, 31, 127, 128, 133, 159]) {
      const written = `/a${String.fromCharCode(code)}b`;
      const { message } = assertThrows(() => parse(written), TypeError);
      assertEquals(
        message,
        `Cannot use 'namespace' as it must not contain a control character: current value is ${
          JSON.stringify(written)
        }`,
      );
    }
    assertEquals(parse("/a\u00a0b"), "/a\u00a0b");
  });

  it("is refused when it is not a string", () => {
    for (const value of [undefined, null, 1, ["a"], {}]) {
      const { message } = assertThrows(
        () => parse(value as string),
        TypeError,
      );
      assertEquals(
        message.split(":")[0],
        "Cannot use 'namespace' as it must be a string",
      );
    }
  });

  it("is refused beyond the longest, counted in UTF-8 bytes", () => {
    const limits = { namespaceLength: 7, namespaceDepth: 32 };
    for (const written of ["/123456", "/€€", "/éé12"]) {
      assertEquals(parseNamespace(written, limits), written);
      const { message } = assertThrows(
        () => parseNamespace(written + "x", limits),
        RangeError,
      );
      assertEquals(
        message,
        `Cannot use 'namespace' as it must not be longer than 7 bytes: current value is "${written}x"`,
      );
    }
  });

  it("is refused beyond the deepest", () => {
    const limits = { namespaceLength: 1024, namespaceDepth: 2 };
    assertEquals(parseNamespace("//a//b//", limits), "/a/b");
    const { message } = assertThrows(
      () => parseNamespace("/a/b/c", limits),
      RangeError,
    );
    assertEquals(
      message,
      `Cannot use 'namespace' as it must not be deeper than 2 segments: current value is "/a/b/c"`,
    );
  });

  it("has its lone surrogates replaced", () => {
    assertEquals(parse("/a\ud800/\udc00"), "/a\ufffd/\ufffd");
    assertEquals(parse("/🐕"), "/🐕");
  });
});

describe("a namespace in the path of a URL", () => {
  it("has its percent-encoding undone, once", () => {
    assertEquals(parsePath("/a%20b/%C3%A9"), "/a b/é");
    assertEquals(parsePath("/%252e%252e/%2541"), "/%2e%2e/%41");
    assertEquals(parsePath("/a+b"), "/a+b");
  });

  it("is refused when a segment holds a slash after that", () => {
    for (const path of ["/a%2Fb", "/%2f", "/a/%2F/b"]) {
      const { message } = assertThrows(() => parsePath(path), TypeError);
      assertEquals(
        message,
        `Cannot use 'namespace' as a segment must not hold an encoded slash: current value is "${path}"`,
      );
    }
  });

  it("is refused when it is . or .. or holds a control character after that", () => {
    for (const path of ["/%2e", "/a/%2E%2e/b", "/.%2e", "/%0a", "/a%00"]) {
      assertThrows(() => parsePath(path), TypeError, "Cannot use 'namespace'");
    }
  });

  it("is refused when the encoding is no UTF-8", () => {
    for (const path of ["/%", "/%zz", "/%C3", "/%ED%A0%80", "/%C0%AF"]) {
      const { message } = assertThrows(() => parsePath(path), TypeError);
      assertEquals(
        message,
        `Cannot use 'namespace' as its percent-encoding is malformed: current value is "${path}"`,
      );
    }
  });

  it("may be as long as any other, however it is encoded", () => {
    const limits = { namespaceLength: 7, namespaceDepth: 32 };
    assertEquals(parseNamespacePath("/%61%61%61%61%61%61", limits), "/aaaaaa");
    assertThrows(
      () => parseNamespacePath("/%61%61%61%61%61%61%61", limits),
      RangeError,
      "Cannot use 'namespace' as it must not be longer than 7 bytes",
    );
  });
});

describe("the namespaces above", () => {
  it("come one level at a time and end at the root", () => {
    assertEquals(parentOf("/a/b/c"), "/a/b");
    assertEquals(parentOf("/a/b"), "/a");
    assertEquals(parentOf("/a"), "/");
    assertEquals(parentOf("/"), undefined);
  });
});

describe("a set of namespaces", () => {
  it("is reduced to its topmost members", () => {
    assertEquals(topmost(["/pets/dogs", "/pets", "/pets/cats/a"]), ["/pets"]);
    assertEquals(topmost(["/a", "/", "/b"]), ["/"]);
  });

  it("keeps what merely begins alike", () => {
    assertEquals(topmost(["/pets", "/pet", "/pets-2"]), [
      "/pet",
      "/pets",
      "/pets-2",
    ]);
  });

  it("is the same in any order and with repetitions", () => {
    const expected = ["/a/b", "/b"];
    assertEquals(topmost(["/b", "/a/b", "/b/c"]), expected);
    assertEquals(topmost(["/b/c", "/a/b", "/b", "/a/b", "/b"]), expected);
  });

  it("may name what objects have by nature", () => {
    assertEquals(topmost(["/__proto__/x", "/constructor", "/__proto__"]), [
      "/__proto__",
      "/constructor",
    ]);
  });
});
