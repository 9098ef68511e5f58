import { Allowance } from "./allowance.ts";
import type { Person } from "./sessions.ts";

/** Names that everyone is told; of the others only how many there are. */
const NAMES = 50;
/** Bytes that they come to at most: 24 letters each, of four bytes, and an id. */
export const HERE_BYTES: number = 8 * 1024;
/** Milliseconds for which changes are collected, as each goes to everyone. */
const PAUSE = 250;
/** Messages that someone may write at once, and a second. */
const AT_ONCE = 10;
const PER_SECOND = 1;

/** Who is here, as everyone is told. */
export interface Here {
  readonly names: readonly Person[];
  /** Who has no name, or would be one too many. */
  readonly more: number;
}

interface Presence {
  person: Person;
  /** A page in a second tab is still the same person. */
  streams: number;
  readonly allowance: Allowance;
}

/** Who has a stream open. */
export class People {
  readonly #told: (here: Here) => void;
  readonly #here: Map<string, Presence> = new Map();
  /** Streams of those who have not been to the page, such as curl. */
  #strangers = 0;
  #isTelling = false;

  /** @param told Called soon after somebody came or left. */
  constructor(told: (here: Here) => void) {
    this.#told = told;
  }

  /** A person as the text that a stream's `user` is. */
  static userOf(person: Person | undefined): string {
    return person === undefined ? "" : `${person.id} ${person.name}`;
  }

  /** Takes note of a stream that was opened. */
  join(user: string): void {
    const [id = "", name = ""] = user.split(/ (.*)/);
    if (id === "") this.#strangers++;
    else {
      const person = { id, name };
      const presence = this.#here.get(id) ??
        { person, streams: 0, allowance: new Allowance(AT_ONCE, PER_SECOND) };
      presence.person = person;
      presence.streams++;
      this.#here.set(id, presence);
    }
    this.#tell();
  }

  /** Takes note of a stream that has ended. */
  leave(user: string): void {
    const [id = ""] = user.split(" ");
    if (id === "") this.#strangers--;
    else if (--this.#here.get(id)!.streams === 0) this.#here.delete(id);
    this.#tell();
  }

  /** Takes note of a new name. */
  rename(person: Person): void {
    const presence = this.#here.get(person.id);
    if (presence === undefined) return;
    presence.person = person;
    this.#tell();
  }

  /** What someone may write, who has to be here: so there are never too many. */
  allowanceOf({ id }: Person): Allowance | undefined {
    return this.#here.get(id)?.allowance;
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      const named = [...this.#here.values()].map(({ person }) => person)
        .filter(({ name }) => name !== "");
      const names = named.slice(0, NAMES);
      const more = this.#here.size + this.#strangers - names.length;
      this.#told({ names, more });
    }, PAUSE);
  }
}
