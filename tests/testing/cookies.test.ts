import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestClient } from "@sseserver/sseserver/testing";

/** The cookies that a client sends who got these, each time it comes. */
async function sent(
  path: string,
  answers: readonly string[][],
  cookie?: string,
): Promise<string[]> {
  const heard: string[] = [];
  const left = [...answers];
  const client = await TestClient.open(
    ({ headers }) => {
      heard.push(headers.get("cookie") ?? "");
      return new Response(null, {
        status: 204,
        headers: (left.shift() ?? []).map((line) => ["Set-Cookie", line]),
      });
    },
    path,
    cookie === undefined ? {} : { headers: { cookie } },
  );
  for (let i = 0; i < answers.length; i++) await client.reconnect();
  return heard;
}

describe("the cookies of a test client", () => {
  it("are sent back until they are deleted", async () => {
    assertEquals(
      await sent("/a", [
        ["one=1; HttpOnly", "two = 2;Max-Age=60", "none", "=x"],
        ["one=x=y"],
        ["one=; Max-Age=0", "three=3; expires=Thu, 01 Jan 2099 00:00:00 GMT"],
        ["two=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
      ]),
      [
        "",
        "one=1; two=2",
        "one=x=y; two=2",
        "two=2; three=3",
        "three=3",
      ],
    );
  });

  it("go to the paths that they are for", async () => {
    assertEquals(
      await sent("/live/subscribe/a?b=/c", [[
        "a=1; Path=/live",
        "b=1; Path=/live/sub",
        "c=1; Path=/live/subscribe/a",
        "d=1; Path=/live/subscribe/a/",
        "e=1; Path=/",
        "f=1",
        "g=1; Path=relative",
        "a=2; path=/live/subscribe/",
      ]]),
      ["", "a=2; c=1; e=1; f=1; g=1"],
    );
    assertEquals(await sent("/a", [["a=1"]]), ["", "a=1"]);
  });

  it("win over those that the test has sent itself", async () => {
    assertEquals(
      await sent("/", [["a=2"], []], "a=1; session=s"),
      ["a=1; session=s", "a=2; session=s", "a=2; session=s"],
    );
  });
});
