import { startDeadline } from "./deadline.ts";
import type { TestEvent } from "./test_event.ts";

interface Waiter {
  /** Of the event; `undefined` for any. */
  readonly name: string | undefined;
  /** With nothing when it is not to come any more, or not in time. */
  settle(event: TestEvent | undefined): void;
}

/**
 * The events that have come, each of which is taken once at most and in their
 * order. Those who wait are served one after the other, as if each had only
 * begun to wait when the one before was done.
 */
export class Inbox {
  readonly events: TestEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #isOpen = false;
  #taken = 0;
  /** How far the first waiter has looked. */
  #looked = 0;

  /** How many of the events have been taken or passed over. */
  get taken(): number {
    return this.#taken;
  }

  /** More is to come. */
  open(): void {
    this.#isOpen = true;
  }

  /** Takes in the next event. */
  add(event: TestEvent): void {
    this.events.push(event);
    this.#serve();
  }

  /** Nothing more is to come for now: nobody waits any longer. */
  close(): void {
    this.#isOpen = false;
    this.#serve();
  }

  /**
   * Takes the next event of that name and passes over those before it; waits for
   * it so many milliseconds. Comes to nothing, and passes over none, when it does
   * not come in time.
   */
  take(
    name: string | undefined,
    timeout: number,
  ): Promise<TestEvent | undefined> {
    return new Promise((resolve) => {
      const stop = startDeadline(timeout, () => {
        this.#settle(this.#waiters.indexOf(waiter), undefined);
        this.#serve();
      });
      const waiter: Waiter = {
        name,
        settle(event) {
          stop();
          resolve(event);
        },
      };
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    for (let first; (first = this.#waiters[0]) !== undefined;) {
      const event = this.#find(first.name);
      if (event === undefined && this.#isOpen) return;
      if (event !== undefined) this.#taken = this.#looked;
      this.#settle(0, event);
    }
  }

  #find(name: string | undefined): TestEvent | undefined {
    while (this.#looked < this.events.length) {
      const event = this.events[this.#looked++]!;
      if (name === undefined || event.event === name) return event;
    }
    return undefined;
  }

  #settle(index: number, event: TestEvent | undefined): void {
    const [waiter] = this.#waiters.splice(index, 1);
    if (index === 0) this.#looked = this.#taken;
    waiter!.settle(event);
  }
}
