/** More than these say nothing new. */
const SHOWN = 20;

/** What has gone wrong in a run. */
export class Failures {
  /** How many there were. */
  count = 0;
  /** The first of them. */
  readonly shown: string[] = [];

  /** Takes note of one. */
  add(what: string): void {
    this.count++;
    if (this.shown.length < SHOWN) this.shown.push(what);
  }
}
