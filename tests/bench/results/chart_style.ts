/**
 * The style of the chart, as `deno fmt` leaves it. Its colours are those of the
 * console. It has a background of its own, as GitHub's scheme may be another than
 * that of the system, which is all that an image gets to know in some browsers.
 */
export const CHART_STYLE: readonly string[] = `
:root {
  --back: #ffffff;
  --line: #e2e5ea;
  --text: #1b2028;
  --dim: #5b6470;
  --ours: #2257c9;
  --peer: #b4bcc8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0f1217;
    --line: #2a313b;
    --text: #e3e7ed;
    --dim: #98a2b0;
    --ours: #82aaff;
    --peer: #535d6b;
  }
}
text {
  fill: var(--text);
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-size: 13px;
  font-variant-numeric: tabular-nums;
}
tspan,
.note,
.ticks text {
  fill: var(--dim);
  font-size: 12px;
  font-weight: 400;
}
.ticks text {
  font-size: 11px;
  text-anchor: middle;
}
.ticks line {
  stroke: var(--line);
}
.title {
  font-size: 14px;
  font-weight: 600;
}
.value {
  paint-order: stroke;
  stroke: var(--back);
  stroke-width: 4px;
}
.back {
  fill: var(--back);
  stroke: var(--line);
}
.bar {
  fill: var(--peer);
}
.ours .bar {
  fill: var(--ours);
}
.ours text {
  font-weight: 600;
}
`.trim().split("\n");
