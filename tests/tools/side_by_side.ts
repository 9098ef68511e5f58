import { beforeAll, it } from "@std/testing/bdd";

/** What became of a test. */
type Outcome = { readonly error: unknown } | undefined;

/**
 * Tests of one group that run several at a time, as they wait for most of their time.
 * Each is shown by itself, with its own outcome.
 */
export class SideBySide {
  readonly #most: number;
  readonly #queue: (() => Promise<void>)[] = [];

  /**
   * To be made within a `describe`, after what its tests need is made.
   *
   * @param most How many run at a time.
   */
  constructor(most: number) {
    this.#most = most;
    beforeAll(() => {
      for (let i = 0; i < this.#most; i++) void this.#work();
    });
  }

  /** Registers a test. */
  it(
    name: string,
    options: { ignore: boolean },
    fn: () => Promise<void>,
  ): void {
    let settle: (outcome: Outcome) => void;
    const settled = new Promise<Outcome>((resolve) => settle = resolve);
    if (!options.ignore) {
      this.#queue.push(() =>
        fn().then(() => settle(undefined), (error) => settle({ error }))
      );
    }
    it(name, options, async () => {
      const outcome = await settled;
      if (outcome !== undefined) throw outcome.error;
    });
  }

  async #work(): Promise<void> {
    for (let run = this.#queue.shift(); run; run = this.#queue.shift()) {
      await run();
    }
  }
}
