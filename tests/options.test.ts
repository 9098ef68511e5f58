import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { jwtAuthorizer, SSEServer } from "@sseserver/sseserver";
import { SSEHub } from "@sseserver/sseserver/hub";
import { systemClock } from "../src/clock.ts";
import type { SSEServerOptions } from "../src/server_options.ts";
import { serverSettingsOf } from "../src/server_settings.ts";

/** What the constructor says to options that TypeScript would not let pass. */
function refusal(
  error: typeof TypeError | typeof RangeError,
  options: Record<string, unknown>,
): string {
  return assertThrows(
    () => new SSEServer(options as SSEServerOptions),
    error,
  ).message;
}

/** Options, nested as their name says: `limits.connections` in `limits`. */
function option(name: string, value: unknown): Record<string, unknown> {
  const [outer, inner] = name.split(".") as [string, string?];
  return { [outer]: inner === undefined ? value : { [inner]: value } };
}

const HOUR = 3_600_000;

/** Whole numbers, each with the least and, where there is one, the most it takes. */
const RANGES: [name: string, min: number, max?: number][] = [
  ["keepAlive", 10, HOUR],
  ["maxLag", 1024],
  ["stallTimeout", 10, HOUR],
  ["retry", 0, HOUR],
  ["trustProxy", 0, 16],
  ["cors.maxAge", 0],
  ["limits.connections", 1],
  ["limits.namespaceLength", 1],
  ["limits.namespaceDepth", 1],
  ["limits.namespacesPerStream", 1],
  ["limits.messageBytes", 1, 64 * 1024 * 1024],
  ["limits.bufferedBytes", 1],
  ["limits.connectionsPerClient", 1],
  ["history.messages", 1],
  ["history.bytes", 1],
  ["history.age", 1],
  ["maxAge", 1_000],
];

const LIMITS = {
  connections: 50_000,
  connectionsPerClient: undefined,
  namespaceLength: 1024,
  namespaceDepth: 32,
  namespacesPerStream: 64,
  messageBytes: 1_048_576,
  bufferedBytes: 268_435_456,
};

describe("options", () => {
  it("may all be left out", () => {
    assertEquals(serverSettingsOf({}), {
      history: false,
      maxAge: undefined,
      keepAlive: 15_000,
      maxLag: 16_777_216,
      stallTimeout: 30_000,
      retry: 2_000,
      rootSubscribe: true,
      authorize: undefined,
      publish: false,
      admin: {},
      cors: {},
      limits: LIMITS,
      proxies: 0,
      engine: undefined,
      onConnect: undefined,
      onDisconnect: undefined,
      onError: console.error,
      clock: systemClock,
    });
  });

  it("may be undefined, which is as if left out", () => {
    const names = [...Object.keys(serverSettingsOf({})), "trustProxy"]
      .filter((name) => name !== "proxies");
    const blank = Object.fromEntries(names.map((name) => [name, undefined]));
    assertEquals(serverSettingsOf(blank), serverSettingsOf({}));
    assertEquals(
      serverSettingsOf({ limits: { connections: undefined } as never }).limits,
      LIMITS,
    );
  });

  it("are what was passed, where something was", () => {
    const given = {
      history: { messages: 1, bytes: 2, age: 3 },
      maxAge: 1_000,
      keepAlive: 10,
      maxLag: 1024,
      stallTimeout: HOUR,
      retry: 0,
      rootSubscribe: false,
      authorize: () => true,
      publish: { token: "0123456789abcdef", authorize: () => true },
      admin: false,
      cors: { origin: ["https://a.example"], credentials: true, maxAge: 1 },
      onConnect: () => {},
      onDisconnect: () => {},
      onError: () => {},
      clock: { ...systemClock },
    };
    const { engine: _, proxies: __, ...settings } = serverSettingsOf({
      ...given,
      limits: { connections: 1 },
    });
    assertEquals(settings, { ...given, limits: { ...LIMITS, connections: 1 } });
    assertStrictEquals(settings.clock, given.clock);
  });

  it("that are misspelt are refused by name", () => {
    assertEquals(
      refusal(TypeError, { keepalive: 1000 }),
      "Cannot create an SSEServer as there is no option 'keepalive'",
    );
    assertEquals(
      refusal(TypeError, { limits: { conections: 1 } }),
      "Cannot create an SSEServer as there is no option 'limits.conections'",
    );
    assertEquals(
      refusal(TypeError, { limits: { toString: 1 } }),
      "Cannot create an SSEServer as there is no option 'limits.toString'",
    );
    assertEquals(
      refusal(TypeError, { admin: { keys: "0123456789abcdef" } }),
      "Cannot create an SSEServer as there is no option 'admin.keys'",
    );
    assertEquals(
      refusal(TypeError, null as never),
      "Cannot create an SSEServer as the options must be an object: current value is null",
    );
  });

  it("of serve() and close() are looked at as well", async () => {
    await using sse = new SSEServer();
    const refused: readonly [options: object, message: string][] = [
      [{ prot: 8002 }, "there is no option 'prot'"],
      [{ port: "0" }, "'port' must be a number: current value is \"0\""],
      [
        { port: 65_536 },
        "'port' must be an integer from 0 to 65535: current value is 65536",
      ],
      [
        { log: true },
        "'log' must be false or a function: current value is true",
      ],
      [{ signals: 1 }, "'signals' must be a boolean: current value is 1"],
      [
        { signal: {} },
        "'signal' must be an AbortSignal: current value is an object",
      ],
    ];
    for (const [options, message] of refused) {
      const { message: told } = await assertRejects(
        () => sse.serve({ port: 0, log: false, signals: false, ...options }),
        Error,
      );
      assertEquals(told, `Cannot serve as ${message}`);
    }
    for (const hub of [sse, new SSEHub()]) {
      assertThrows(
        () => hub.close({ drian: 10_000 } as object),
        TypeError,
        "Cannot close as there is no option 'drian'",
      );
      for (const none of [null, 10_000]) {
        assertThrows(
          () => hub.close(none as never),
          TypeError,
          `Cannot close as the options must be an object: current value is ${none}`,
        );
      }
      assertThrows(
        () => hub.close({ drain: "10" } as never),
        TypeError,
        "Cannot close as 'drain' must be a number: current value is \"10\"",
      );
      assertThrows(
        () => hub.close({ drain: NaN }),
        RangeError,
        "Cannot close as 'drain' must be an integer from 0 to 3600000: current value is NaN",
      );
    }
  });

  it("and messages are shown shortened where they are refused", async () => {
    await using sse = new SSEServer({ authorize: () => true });
    const long = "x".repeat(100_000);
    const key = { [long]: 1 } as never;
    const refused = [
      ...[long, Symbol(long), 10n ** 9999n, () => long].flatMap((value) => [
        () => sse.broadcast(value as never),
        () => sse.broadcast({ namespace: value as never, data: 1 }),
        () => new SSEServer({ keepAlive: value as never }),
      ]),
      () => sse.broadcast({ namespace: "/a", data: Symbol(long) }),
      () => new SSEServer(key),
      () => sse.ticket(key),
      () => sse.disconnect(key),
      () => jwtAuthorizer(key),
    ];
    for (const call of refused) {
      const { message } = assertThrows(call, Error);
      assert(message.startsWith("Cannot "), message);
      assert(message.length < 250, message.slice(0, 250));
    }
  });

  it("that are numbers take their whole range and nothing beyond it", () => {
    for (const [name, min, max] of RANGES) {
      serverSettingsOf(option(name, min));
      if (max !== undefined) serverSettingsOf(option(name, max));
      const range = max === undefined
        ? `of at least ${min}`
        : `from ${min} to ${max}`;
      const beyond = [min - 1, min + 0.5, -1, NaN, Infinity, -Infinity];
      if (max !== undefined) beyond.push(max + 1);
      for (const value of beyond) {
        assertEquals(
          refusal(RangeError, option(name, value)),
          `Cannot create an SSEServer as '${name}' must be an integer ${range}: current value is ${value}`,
        );
      }
    }
  });

  it("that are numbers take nothing else", () => {
    for (const [name] of RANGES) {
      for (const value of ["10", null, {}, 10n]) {
        assertEquals(
          refusal(TypeError, option(name, value)).split(":")[0],
          `Cannot create an SSEServer as '${name}' must be a number`,
        );
      }
    }
  });

  it("that are of another type take that type only", () => {
    for (
      const [name, type, ...others] of [
        ["rootSubscribe", "boolean", null, 1, "true"],
        ["admin", "object", 0, "yes"],
        ["limits", "object", 5, null],
        ["cors", "object", true, "*", null],
        ["cors.credentials", "boolean", null, 1],
        ["authorize", "function", {}, true],
        ["publish", "object", true, "token", null],
        ["publish.authorize", "function", {}, true],
        ["publish.token", "string", 1, null],
        ["onConnect", "function", {}, true],
        ["onDisconnect", "function", {}, true],
        ["onError", "function", null, {}],
        ["engine", "object", null, "redis", () => {}],
        ["engine.start", "function", 1],
        ["clock", "object", null, 0],
        ["clock.now", "function", 1],
      ] as [string, string, ...unknown[]][]
    ) {
      for (const value of others) {
        assertEquals(
          refusal(TypeError, option(name, value)).split(":")[0],
          `Cannot create an SSEServer as '${name}' must be ${
            type === "object" ? "an" : "a"
          } ${type}`,
        );
      }
    }
  });

  it("say who may publish, by a token that is not easily guessed", () => {
    assertEquals(
      refusal(RangeError, { publish: { token: "0123456789abcde" } }),
      "Cannot create an SSEServer as 'publish.token' must have at least 16 characters: current value has 15",
    );
    assertEquals(
      refusal(TypeError, { publish: {} }),
      "Cannot create an SSEServer as 'publish' needs 'token' or 'authorize'",
    );
    assertEquals(
      refusal(TypeError, option("publish.tokens", [])),
      "Cannot create an SSEServer as there is no option 'publish.tokens'",
    );
  });

  it("close what is open to all once something decides", () => {
    const authorize = () => true;
    const { rootSubscribe, cors } = serverSettingsOf({ authorize });
    assertEquals([rootSubscribe, cors], [false, false]);
    const open = serverSettingsOf({ authorize, rootSubscribe: true, cors: {} });
    assertEquals([open.rootSubscribe, open.cors], [true, {}]);
  });

  it("turn keepalives off with 0, and retry with false", () => {
    assertEquals(serverSettingsOf({ keepAlive: 0 }).keepAlive, 0);
    assertEquals(serverSettingsOf({ retry: false }).retry, false);
  });

  it("count a trusted proxy as one", () => {
    assertEquals(serverSettingsOf({ trustProxy: true }).proxies, 1);
    assertEquals(serverSettingsOf({ trustProxy: false }).proxies, 0);
    assertEquals(serverSettingsOf({ trustProxy: 3 }).proxies, 3);
  });

  it("take exact origins, or any", () => {
    for (
      const origin of [
        "*",
        "https://app.example.com",
        "http://localhost:3000",
        ["https://a.example", "https://b.example"],
      ]
    ) assertEquals(serverSettingsOf({ cors: { origin } }).cors, { origin });
    for (
      const origin of [
        "app.example.com",
        "https://app.example.com/",
        "https://*.example.com",
        "null",
        "",
      ].flatMap((one) => [one, [one]])
    ) {
      assertEquals(
        refusal(TypeError, { cors: { origin } }),
        `Cannot create an SSEServer as 'cors.origin' must be "*" or an origin such as "https://example.com": current value is "${origin}"`,
      );
    }
  });

  it("do not send cookies to any origin whatever", () => {
    for (const origin of [undefined, "*", ["https://a.example", "*"]]) {
      assertEquals(
        refusal(TypeError, {
          cors: { ...(origin && { origin }), credentials: true },
        }),
        `Cannot create an SSEServer as 'cors.credentials' needs explicit origins: current value of 'cors.origin' is "*"`,
      );
    }
  });

  it("set the idle time-out of hosts that read it from the server", () => {
    assertEquals(new SSEServer().idleTimeout, 46);
    assertEquals(new SSEServer({ keepAlive: 0 }).idleTimeout, 255);
    assertEquals(new SSEServer({ keepAlive: HOUR }).idleTimeout, 255);
  });
});
