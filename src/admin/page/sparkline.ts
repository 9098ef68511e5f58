import type { PageElement } from "./dom.ts";
import { makeSVG, setAttribute } from "./elements.ts";
import type { Sample } from "./protocol.ts";

/** A curve of the last five minutes of one number of the samples. */
export function makeSparkline(parent: PageElement): {
  /** Draws it, and returns its highest value. */
  draw(samples: readonly Sample[], index: 1 | 2 | 3 | 4, now: number): number;
} {
  const width = 300; // seconds
  const height = 36;
  const area = makeSVG("path", { class: "area" });
  const line = makeSVG("path", { class: "line" });
  parent.append(
    makeSVG(
      "svg",
      {
        class: "sparkline",
        viewBox: `0 0 ${width} ${height}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
        focusable: "false",
      },
      area,
      line,
    ),
  );
  return {
    draw(samples, index, now) {
      const peak = samples.reduce((most, s) => Math.max(most, s[index]), 0);
      const scale = (height - 3) / (peak || 1);
      let lines = "";
      let areas = "";
      let from = 0;
      let before = -Infinity;
      for (const sample of samples) {
        const [at] = sample;
        const x = (width - (now - at) / 1000).toFixed(1);
        const y = (height - 1 - sample[index] * scale).toFixed(1);
        // Where nothing is known, nothing is drawn.
        if (at - before > 4_000) {
          if (areas !== "") areas += `V${height}H${from}Z`;
          lines += `M${x} ${y}`;
          areas += `M${x} ${y}`;
          from = Number(x);
        } else {
          lines += `L${x} ${y}`;
          areas += `L${x} ${y}`;
        }
        before = at;
      }
      if (areas !== "") areas += `V${height}H${from}Z`;
      setAttribute(line, "d", lines);
      setAttribute(area, "d", areas);
      return peak;
    },
  };
}
