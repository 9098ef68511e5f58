import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertRejects,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readFileSync } from "node:fs";
import process from "node:process";
import "../tools/sockets.ts";
import { startLoad } from "./load/client.ts";
import type { LoadPlan } from "./load/plan.ts";
import { FaultyServer } from "./load/faulty_server.ts";

const isLinux = process.platform === "linux";

const PLAN: Omit<LoadPlan, "port"> = {
  streams: 12,
  path: "/streams/*",
  checked: 10,
  stalled: 2,
  warmUp: 0.1,
  seconds: 0.8,
};

/** Seconds: a machine may stand still for most of them. */
const LONG = 3;

describe(`the load client${isLinux ? "" : " (SKIPPED, it needs Linux)"}`, {
  ignore: !isLinux,
}, () => {
  it("counts what a server leaves out, repeats, refuses, ends and does not send", async () => {
    await using server = await FaultyServer.start({
      0: { without: [5, 6, 20] },
      1: { twice: [7] },
      2: { silent: true },
      3: { refused: true },
      4: { end: 9 },
      6: { cut: 9 },
    }, true);
    await using load = startLoad(
      // Long enough for all that is wrong, also where a machine stands still meanwhile.
      { ...PLAN, port: server.port, probes: { count: 3 }, seconds: LONG },
      { core: anyCore() },
    );
    assertEquals(await load.opened, 11);
    const report = await load.report;
    const { opened, failed, closed, lost, repeated, silent } = report;
    assertEquals(
      { opened, failed, closed, lost, repeated, silent },
      { opened: 11, failed: 1, closed: 2, lost: 3, repeated: 1, silent: 1 },
    );
    assertEquals(report.stalledClosed, 0);
    // Three, or fewer where the machine stood still when one was due.
    const { answered } = report.probes;
    assert(answered > 0 && answered <= 3, `${answered} answered`);
    assertEquals(report.probes.slowest, Math.max(...report.probes.times));
    assertGreaterOrEqual(report.seconds, LONG);
    assertGreater(report.events, 0);
    // An event is at least `id:1\ndata: 1 <stamp> and more\r\n\n` in a chunk.
    assertGreater(report.bytesPerEvent, 40);
    assertGreater(report.bytes, report.events * 40);
    assertGreater(report.deliveriesPerSecond, 0);
    const { least, median, most } = report.streamBytes;
    assert(least > 0 && least < median && median <= most);
    const { p50, p90, p99, p999, max } = report.latency;
    assert(p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max);
    assertEquals(
      sum(report.windows.map(({ events }) => events)),
      report.events,
    );
    assertEquals(Math.max(...report.windows.map(({ max }) => max)), max);
    assert(report.cpu > 0 && report.cpu < 2);
  });

  it("publishes to a server, and ends when all have got enough", async () => {
    await using server = await FaultyServer.start({
      2: { silent: true },
    }, false);
    await using load = startLoad({
      ...PLAN,
      port: server.port,
      checked: 3,
      warmUp: 0,
      // More than a test may take, so that it fails if it waits for this.
      seconds: 300,
      until: 100,
      publish: { path: "/publish", rate: 500 },
    });
    const { opened, lost, repeated, silent, events, latency } = await load
      .report;
    assertEquals(
      { opened, lost, repeated, silent },
      { opened: 12, lost: 0, repeated: 0, silent: 1 },
    );
    assertGreaterOrEqual(events, 300);
    assertGreater(latency.max, 0);
  });

  it("finds the stalled streams that the server has ended", async () => {
    await using server = await FaultyServer.start({ 5: { cut: 9 } }, true);
    await using load = startLoad({ ...PLAN, port: server.port, seconds: LONG });
    const { closed, stalledClosed } = await load.report;
    assertEquals({ closed, stalledClosed }, { closed: 0, stalledClosed: 1 });
  });

  it("says why it cannot do what it should", async () => {
    let port: number;
    {
      await using server = await FaultyServer.start({}, false);
      ({ port } = server);
      await using load = startLoad({
        ...PLAN,
        port,
        publish: { path: "/publish", rate: 10 },
        streams: 0,
      });
      await assertRejects(() => load.report, Error, "'streams' must be from 1");
    }
    await using load = startLoad({ ...PLAN, port });
    await assertRejects(
      () => load.opened,
      Error,
      `ended with 1: The load client has failed: Error: No stream could be opened at port ${port}`,
    );
    await assertRejects(() => load.report, Error, "ended with 1");
  });

  it("is gone once it was stopped", async () => {
    await using server = await FaultyServer.start({}, true);
    const load = startLoad({ ...PLAN, port: server.port, seconds: 300 });
    await load.opened;
    await load.stop();
    await assertRejects(() => load.report, Error, "ended with SIGKILL");
  });
});

/** One that this process may run on. */
function anyCore(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/Cpus_allowed_list:\s*(\d+)/.exec(status)![1]);
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
