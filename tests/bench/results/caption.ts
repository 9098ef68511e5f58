import { describeMachine, processorOf } from "./machine.ts";
import type { Results } from "./results.ts";

/** What the figures are and where they come from, in short. */
export function shortCaption({ machine, measured, rounds }: Results): string {
  return `${medianOf(rounds)} on ${processorOf(machine)}, ${measured}`;
}

/** What the figures are and where they come from, in sentences. */
export function caption({ machine, measured, rounds }: Results): string {
  return `${
    medianOf(rounds)
  }; of what was lost, repeated, cut off or answered, ` +
    `the worst round. Measured on ${measured} with ${
      describeMachine(machine)
    }.`;
}

function medianOf(rounds: number): string {
  return rounds === 1 ? "One round" : `Medians of ${rounds} rounds`;
}
