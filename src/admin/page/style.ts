/** The style of the console's page. */
export const STYLE: string = `
:root {
  color-scheme: light dark;
  --back: #f4f5f7; --card: #fff; --line: #e2e5ea; --soft: #f0f2f5;
  --text: #1b2028; --dim: #5b6470; --accent: #2257c9; --accent-soft: #e6eefc;
  --good: #18794e; --warn: #8f5b00; --bad: #b42318; --bad-soft: #fdecea;
  font: 14px/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
  -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0f1217; --card: #171b22; --line: #2a313b; --soft: #1f252e;
    --text: #e3e7ed; --dim: #98a2b0; --accent: #82aaff; --accent-soft: #1d2a45;
    --good: #56c78d; --warn: #e0af4b; --bad: #ff8578; --bad-soft: #3a1f1f;
  }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
body { background: var(--back); color: var(--text); min-width: 320px; }
main { padding: 16px 20px 56px; max-width: 1680px; margin: 0 auto; display: grid; gap: 14px; }
section, .columns, .right { min-width: 0; }
h1 { font-size: 15px; font-weight: 650; }
h2 { font-size: 13px; font-weight: 650; min-width: 0; display: flex; gap: 8px; align-items: baseline; }
h3 { font-size: 12px; font-weight: 500; color: var(--dim); }
ul { list-style: none; }
code, pre { font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.clip { display: inline-block; max-width: 100%; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
bdi { unicode-bidi: isolate; }
.hint { color: var(--dim); font-size: 12px; }
.pad { padding: 0 14px 8px; }
.pad:empty { display: none; }
.warn { color: var(--warn); }
.count { color: var(--dim); font-weight: 400; }
.number { text-align: right; }
.zero { color: var(--dim); }
.empty { color: var(--dim); padding: 18px 14px; text-align: center; }
.sr-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 18px; padding: 10px 20px; background: var(--card); border-bottom: 1px solid var(--line); }
.facts { color: var(--dim); display: flex; gap: 10px; min-width: 0; }
.facts #node::before { content: "on "; }
.facts #node:empty { display: none; }
.connection { margin-left: auto; font-weight: 550; color: var(--dim); }
.connection::before, .pill::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: currentColor; margin-right: 6px; }
.connection.on { color: var(--good); }
.connection.off { color: var(--bad); }
.banner { padding: 8px 20px; background: var(--bad-soft); color: var(--bad); border-bottom: 1px solid var(--line); }
.note { padding: 8px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--soft); color: var(--dim); }

.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 14px; }
.tile { padding: 10px 14px 8px; overflow: hidden; }
.value { font-size: 26px; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; white-space: nowrap; }
.unit { font-size: 13px; font-weight: 400; color: var(--dim); margin-left: 3px; }
.chart { height: 36px; margin: 4px -14px 6px; border-bottom: 1px solid var(--line); }
.sparkline { display: block; width: 100%; height: 100%; }
.sparkline .line { fill: none; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.sparkline .area { fill: var(--accent); opacity: 0.12; }
.tile .hint { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 10px; }
.counts { display: flex; flex-wrap: wrap; gap: 6px 34px; padding: 9px 14px; margin-top: 14px; }
.counts div { display: flex; gap: 8px; min-width: 0; }
.counts dt { color: var(--dim); }
.counts dd { font-weight: 550; }
.counts .some { color: var(--warn); }

.columns { display: grid; grid-template-columns: minmax(350px, 27fr) minmax(0, 53fr); gap: 14px; align-items: start; }
.right { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; }
.card-head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 8px 12px; padding: 10px 14px; min-height: 50px; }
.card-head .hint { margin-left: auto; }
.card-foot { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 8px 14px; border-top: 1px solid var(--line); color: var(--dim); }
.buttons { display: flex; flex-wrap: wrap; gap: 6px; margin-left: auto; }
.chip { background: var(--soft); border-radius: 4px; padding: 0 6px; font-weight: 550; }

button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; }
button { cursor: pointer; white-space: nowrap; font-size: 13px; padding-block: 3px; }
button:hover:enabled { background: var(--soft); }
button:disabled { opacity: 0.45; cursor: default; }
input[type="search"] { width: 260px; max-width: 100%; }
select { padding: 3px 4px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.small { padding: 1px 8px; font-size: 12px; }
.primary { color: var(--accent); border-color: currentColor; }
.danger { color: var(--dim); }
.danger:hover:enabled, .danger:focus-visible, .selection .danger { color: var(--bad); border-color: currentColor; }
button.asking, button.asking:hover:enabled, .selection button.asking { background: var(--bad); border-color: var(--bad); color: var(--card); font-weight: 650; }
.link { border: 0; background: none; color: var(--accent); padding: 4px 14px; text-align: left; }
.link:hover { text-decoration: underline; }

.tree { max-height: 72vh; overflow: auto; overscroll-behavior: contain; padding-bottom: 4px; }
.tree-row { display: grid; grid-template-columns: minmax(0, 1fr) 48px 54px 64px 38px; gap: 2px; align-items: center; padding: 3px 14px 3px 6px; cursor: pointer; }
.tree-row .name { display: flex; align-items: center; min-width: 0; padding-left: calc(var(--level, 0) * 11px); }
.tree-row .number { white-space: nowrap; overflow: hidden; color: var(--dim); font-size: 13px; }
.tree-row .readers { color: var(--text); }
.tree-row:not(.idle) .events { color: var(--text); }
.tree-row:hover { background: var(--soft); }
.tree-row:focus-visible { outline-offset: -2px; }
.tree-row[aria-selected="true"] { background: var(--accent-soft); box-shadow: inset 3px 0 var(--accent); }
.tree-head, .tree-head:hover { cursor: default; background: none; color: var(--dim); font-size: 12px; border-bottom: 1px solid var(--line); }
.tree-head .name { padding-left: 8px; }
.tree-head .number { font-size: 12px; color: var(--dim) !important; }
.twist { flex: none; width: 20px; height: 20px; display: grid; place-items: center; color: var(--dim); }
.tree-row[aria-expanded] .twist::before { content: ""; border: 4px solid transparent; border-left: 5px solid; border-right: 0; transition: transform 0.1s; }
.tree-row[aria-expanded="true"] .twist::before { transform: rotate(90deg); }

.selection { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px; padding: 6px 14px; background: var(--accent-soft); border-top: 1px solid var(--line); }
.selection .chip { max-width: min(26em, 70%); background: none; padding: 0; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th { text-align: left; font-size: 12px; font-weight: 500; color: var(--dim); border-top: 1px solid var(--line); }
th.number { text-align: right; }
th button { width: 100%; text-align: inherit; border: 0; border-radius: 0; background: none; padding: 5px 8px; font-size: 12px; color: var(--dim); overflow: hidden; text-overflow: ellipsis; }
th[aria-sort] button { color: var(--text); font-weight: 650; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
th.client { width: 24%; } th.established { width: 118px; }
th.number { width: 84px; } th.state { width: 86px; } th.action { width: 110px; }
td { border-top: 1px solid var(--line); padding: 4px 8px; vertical-align: top; white-space: nowrap; }
td > .clip { display: block; }
td > bdi + bdi { color: var(--dim); font-size: 12px; }
th:first-child button, td:first-child { padding-left: 14px; }
td.action { text-align: right; padding-right: 14px; }
tbody tr:hover { background: var(--soft); }
.pill.live { color: var(--good); } .pill.behind { color: var(--warn); } .pill.stalled { color: var(--bad); }

.watch-scroll { max-height: 36vh; overflow: auto; overscroll-behavior: contain; }
.watch-scroll:has(ul:empty) { display: none; }
.entry { border-top: 1px solid var(--line); padding: 6px 14px; }
.entry-head { display: flex; flex-wrap: wrap; gap: 0 12px; color: var(--dim); font-size: 12px; min-width: 0; }
.entry-head .event-name { color: var(--accent); font-weight: 600; max-width: 20em; }
.entry-head .namespace { max-width: 30em; color: var(--text); }
.entry-head .size { margin-left: auto; }
.data { margin-top: 2px; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; max-height: 60vh; overflow: auto; }
.entry .link { padding: 2px 0; font-size: 12px; }
.toast { position: fixed; left: 50%; bottom: 16px; translate: -50% 0; max-width: min(92vw, 60em); padding: 8px 14px; border-radius: 8px; background: var(--text); color: var(--card); overflow-wrap: anywhere; opacity: 0; visibility: hidden; transition: opacity 0.15s; }
.toast.shown { opacity: 1; visibility: visible; }

@media (max-width: 1020px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .tree { max-height: 40vh; }
}
@media (max-width: 760px) {
  main { padding: 10px 10px 56px; gap: 10px; }
  .bar { padding: 8px 14px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .value { font-size: 21px; }
  .counts { margin-top: 10px; gap: 4px 18px; }
  .columns, .right { gap: 10px; }
  button, select, input { min-height: 36px; }
  input[type="search"] { width: 100%; font-size: 16px; }
  .tree-row { padding-block: 7px; }
  table, tbody { display: block; }
  thead tr { display: flex; flex-wrap: wrap; padding: 0 6px 4px; border-top: 1px solid var(--line); }
  thead th[class] { width: auto; border: 0; }
  thead th.action { display: none; }
  .entry-head .size { margin-left: 0; }
  tbody tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)) auto; gap: 2px 8px; padding: 8px 14px; border-top: 1px solid var(--line); }
  td, td:first-child, td.action { border: 0; padding: 0; text-align: left; }
  td.namespace { grid-column: 1 / 4; font-weight: 550; } td.namespace bdi + bdi { display: none; }
  td.state { grid-area: 1 / 4; justify-self: end; }
  td.client { grid-column: 1 / 5; display: flex; gap: 8px; align-items: baseline; }
  td.client bdi { flex: 0 1 auto; } td.client bdi:first-child { flex: none; max-width: 50%; }
  td.established .clip:first-child { display: none; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: 11px; color: var(--dim); }
  td.established bdi + bdi { color: inherit; font-size: inherit; }
  td.action { align-self: end; justify-self: end; }
}
@media (prefers-reduced-motion: reduce) {
  * { transition: none !important; }
}
`;
