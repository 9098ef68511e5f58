/**
 * The load client of the benchmark: opens thousands of streams on one core, and
 * checks some of them event by event. Linux only.
 *
 *     deno run -A tests/bench/load/main.ts '{"port":8000,"streams":1000,…}'
 *
 * Takes a `LoadPlan` as JSON. Prints `{"opened":1000}` as soon as all streams are
 * open, and in the end `{"report":…}`, a `LoadReport`.
 *
 * @module
 */
import { readPlan } from "./plan.ts";

if (Deno.build.os !== "linux") {
  console.error("The load client needs Linux: it calls epoll by its C library");
  Deno.exit(2);
}

try {
  const plan = readPlan(Deno.args[0] ?? "{}");
  // Not before the check above, as it loads the library.
  const { allowSockets } = await import("./files.ts");
  const { Load } = await import("./load.ts");
  allowSockets(plan.streams + (plan.probes?.count ?? 0));
  const report = new Load(plan).run((opened) =>
    console.log(JSON.stringify({ opened }))
  );
  console.log(JSON.stringify({ report }));
} catch (error) {
  console.error(`The load client has failed: ${error}`);
  Deno.exit(1);
}
