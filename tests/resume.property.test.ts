import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { bounds, ResumeModel, step } from "./tools/resume_model.ts";

describe("any course of drops and returns", () => {
  it("has each client get everything once and in order, or told what is missing", async () => {
    await fc.assert(
      fc.asyncProperty(
        bounds,
        fc.array(step, { maxLength: 80, size: "max" }),
        async (history, steps) => {
          const model = new ResumeModel(history);
          for (const step of steps) await model.run(step);
          await model.check();
        },
      ),
      { numRuns: 300 },
    );
  });
});
