import type { Bytes } from "./slab.ts";

/** How many different `retry:` times clients are spread over. */
const RETRY_STEPS = 64;

const encoder = new TextEncoder();

/**
 * What streams begin with, and what tells their clients when to come back: from
 * half to one and a half times `retry` milliseconds, each client at another time.
 */
export class Openings {
  readonly #retries: readonly string[];
  readonly #openings: readonly Bytes[];
  readonly #farewells: readonly Bytes[];

  constructor(retry: number | false) {
    this.#retries = retries(retry);
    this.#openings = this.#retries.map((line) =>
      encoder.encode(`:ok\n${line}\n`)
    );
    this.#farewells = this.#retries.map((line) =>
      encoder.encode(line === "" ? "" : `${line}\n`)
    );
  }

  /** The first chunk of the `n`th stream, with what else is to be in it. */
  opening(n: number, notices: string): Bytes {
    const i = n % this.#openings.length;
    if (notices === "") return this.#openings[i]!;
    return encoder.encode(`:ok\n${this.#retries[i]}\n${notices}`);
  }

  /** The last chunk of the `n`th stream that the server ends; may be empty. */
  farewell(n: number): Bytes {
    return this.#farewells[n % this.#farewells.length]!;
  }
}

function retries(retry: number | false): string[] {
  if (retry === false) return [""];
  return Array.from({ length: RETRY_STEPS }, (_, i) => {
    // Steps in an order that puts neighbours far apart.
    const part = (i * 37 % RETRY_STEPS) / RETRY_STEPS;
    return `retry:${Math.round(retry * (0.5 + part))}\n`;
  });
}
