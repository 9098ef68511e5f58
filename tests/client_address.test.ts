import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { clientAddress, isLoopback } from "../src/client_address.ts";

/** What Deno passes to fetch for a client at this address. */
function peer(hostname: string): unknown {
  return { remoteAddr: { transport: "tcp", hostname, port: 50_000 } };
}

function address(
  headers: Record<string, string>,
  proxies: number,
  info: unknown = peer("192.0.2.9"),
): string {
  const request = new Request("http://localhost/subscribe/x", { headers });
  return clientAddress(request, info, proxies);
}

describe("the client's address", () => {
  it("is the peer's, as each host tells it", () => {
    assertEquals(address({}, 0), "192.0.2.9");
    const bun = {
      requestIP: () => ({ address: "2001:db8::1" }),
      timeout: () => {},
    };
    assertEquals(address({}, 0, bun), "2001:db8::1");
    const node = { incoming: { socket: { remoteAddress: "::ffff:10.0.0.1" } } };
    assertEquals(address({}, 0, node), "10.0.0.1");
  });

  it("is empty where nothing is known", () => {
    for (const info of [null, {}, "x", { incoming: {} }]) {
      assertEquals(address({}, 0, info), "");
      assertEquals(address({ "X-Forwarded-For": "junk" }, 1, info), "");
    }
  });

  it("ignores forwarding headers while no proxy is trusted", () => {
    const forged = {
      "X-Forwarded-For": "203.0.113.7",
      "X-Real-IP": "127.0.0.1",
    };
    assertEquals(address(forged, 0), "192.0.2.9");
  });

  it("is what the one trusted proxy saw, not what the client claims", () => {
    const forged = { "X-Forwarded-For": "127.0.0.1, 203.0.113.7" };
    assertEquals(address(forged, 1), "203.0.113.7");
  });

  it("is as many from the right as there are trusted proxies", () => {
    const chain = { "X-Forwarded-For": "1.1.1.1,2.2.2.2 ,  3.3.3.3" };
    assertEquals(address(chain, 1), "3.3.3.3");
    assertEquals(address(chain, 2), "2.2.2.2");
    assertEquals(address(chain, 3), "1.1.1.1");
    assertEquals(address(chain, 4), "1.1.1.1");
  });

  it("is X-Real-IP where that is all there is", () => {
    assertEquals(address({ "X-Real-IP": " 203.0.113.7 " }, 1), "203.0.113.7");
    assertEquals(
      address({ "X-Real-IP": "1.1.1.1", "X-Forwarded-For": "2.2.2.2" }, 1),
      "2.2.2.2",
    );
  });

  it("is the peer's where a trusted proxy tells nothing", () => {
    assertEquals(address({}, 1), "192.0.2.9");
  });

  it("loses port and brackets", () => {
    for (
      const [written, bare] of [
        ["203.0.113.7:8080", "203.0.113.7"],
        ["[2001:db8::7]:8080", "2001:db8::7"],
        ["[2001:db8::7]", "2001:db8::7"],
        ["2001:db8::7", "2001:db8::7"],
      ] as const
    ) {
      assertEquals(address({ "X-Forwarded-For": written }, 1), bare);
      assertEquals(address({ "X-Real-IP": written }, 1), bare);
    }
  });

  it("is never anything that could forge a line of a log", () => {
    for (
      const junk of [
        "unknown",
        "203.0.113.7 DISCONNECT",
        "<script>",
        "",
        "_hidden",
        "1".repeat(46),
      ]
    ) {
      assertEquals(address({ "X-Forwarded-For": junk }, 1), "192.0.2.9", junk);
      assertEquals(address({ "X-Real-IP": junk }, 1), "192.0.2.9", junk);
    }
  });
});

describe("loopback", () => {
  it("is 127.0.0.0/8 and ::1, also as IPv4 within IPv6", () => {
    for (
      const own of [
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "::ffff:127.0.0.1",
        "::FFFF:127.0.0.1",
      ]
    ) assertEquals(isLoopback(own), true, own);
  });

  it("is no other address, nor a name", () => {
    for (
      const other of [
        "",
        "128.0.0.1",
        "10.127.0.0.1",
        "127.0.0.1.example.com",
        "x127.0.0.1",
        "127.0.0",
        "::2",
        "::ffff:10.0.0.1",
        "localhost",
        "127.0.0.1, 10.0.0.1",
      ]
    ) assertEquals(isLoopback(other), false, other);
  });
});
