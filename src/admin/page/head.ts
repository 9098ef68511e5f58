import { byId, setText } from "./elements.ts";
import { formatAge, formatBytes, formatCount, formatRate } from "./format.ts";
import type { Hello, Sample, Stats } from "./protocol.ts";
import { makeSparkline } from "./sparkline.ts";

/** The numbers at the top: what the server is, and how it does. */
export function openHead(): {
  hello(hello: Hello): void;
  stats(stats: Stats): void;
} {
  /** Milliseconds that the curves show. */
  const span = 300_000;
  const charts = (["streams", "broadcasts", "deliveries", "bytes"] as const)
    .map((name, index) => ({
      name,
      index: index + 1 as 1 | 2 | 3 | 4,
      value: byId(`${name}-value`),
      peak: byId(`${name}-peak`),
      total: byId(`${name}-total`),
      sparkline: makeSparkline(byId(`${name}-chart`)),
    }));
  let samples: Sample[] = [];
  let startedAt = 0;

  function text(name: string, value: number): string {
    return name === "streams"
      ? formatCount(value)
      : name === "bytes"
      ? formatBytes(value)
      : formatRate(value);
  }

  return {
    hello(hello) {
      startedAt = hello.startedAt;
      // A server that was started again knows nothing of the time before.
      const [first] = hello.samples;
      samples = [
        ...samples.filter(([at]) => first === undefined || at < first[0]),
        ...hello.samples,
      ];
      const name = `${hello.runtime.slice(0, 1).toUpperCase()}${
        hello.runtime.slice(1)
      }`;
      setText(byId("runtime"), `${name} ${hello.version}`);
      setText(byId("node"), hello.node);
      setText(byId("uptime"), formatAge(hello.now - startedAt));
    },
    stats({ now, sample, totals }) {
      samples = samples.filter(([at]) => at > now - span && at < sample[0]);
      samples.push(sample);
      for (const { name, index, value, peak, total, sparkline } of charts) {
        setText(value, text(name, sample[index]));
        const highest = sparkline.draw(samples, index, now);
        setText(peak, `peak ${text(name, highest)}`);
        if (name === "streams") continue;
        setText(
          total,
          `total ${
            name === "bytes"
              ? formatBytes(totals.bytes)
              : formatCount(totals[name])
          }`,
        );
      }
      setText(byId("uptime"), formatAge(now - startedAt));
      setText(
        byId("memory"),
        totals.memoryBytes === null
          ? "not told by this runtime"
          : formatBytes(totals.memoryBytes),
      );
      setText(byId("retained"), formatBytes(totals.retainedBytes));
      setText(
        byId("cut-off"),
        `${formatCount(totals.slow)} slow, ${
          formatCount(totals.stalled)
        } stalled`,
      );
      byId("cut-off").classList.toggle(
        "some",
        totals.slow + totals.stalled > 0,
      );
      setText(byId("refused"), formatCount(totals.refused));
      byId("refused").classList.toggle("some", totals.refused > 0);
      setText(byId("kicked"), formatCount(totals.kicked));
    },
  };
}
