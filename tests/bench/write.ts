/**
 * Has README.md and docs/ say what tests/bench/results.json does, after a case was
 * renamed or its title changed.
 *
 * @module
 */
import { CASES } from "./cases.ts";
import { writeDocuments } from "./results/documents.ts";
import { load } from "./results/results.ts";

const results = load();
if (results === undefined) throw new Error("There are no results yet");
writeDocuments(results, CASES);
