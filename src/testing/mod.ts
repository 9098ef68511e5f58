/**
 * What programs test themselves with: a clock that is moved by hand.
 *
 * @module
 */

export { TestClock } from "./test_clock.ts";
export type { Clock } from "../clock.ts";
