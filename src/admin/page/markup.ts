/** What stands in the body of the console's page; the script fills it. */
export const MARKUP: string = `
<header class="bar">
  <h1>sseserver</h1>
  <p class="facts"><span id="runtime">–</span><bdi id="node" class="clip"></bdi></p>
  <p class="facts">up <span id="uptime">–</span></p>
  <p class="connection" id="connection">Connecting</p>
</header>
<p class="sr-only" role="status" id="news"></p>
<div class="banner" id="banner" hidden><strong>Connection lost.</strong> <span id="banner-text"></span></div>
<div class="banner" id="engine-banner" hidden><strong class="clip" id="engine-away"></strong> Nothing can be published; readers stay, and hear on once it is back.</div>
<noscript><p class="banner">The console needs JavaScript. <a href="status.json">status.json</a> tells the same in text.</p></noscript>
<main>
<section aria-labelledby="numbers-title">
  <h2 class="sr-only" id="numbers-title">Server</h2>
  <div class="tiles">
    ${tile("streams", "Open streams", "")}
    ${tile("broadcasts", "Broadcasts", "/s")}
    ${tile("deliveries", "Deliveries", "/s")}
    ${tile("bytes", "Bytes", "/s")}
  </div>
  <dl class="counts card">
    <div><dt>Memory</dt><dd id="memory">–</dd></div>
    <div><dt>Held for slow readers</dt><dd id="retained">–</dd></div>
    <div><dt>Cut off</dt><dd id="cut-off">–</dd></div>
    <div><dt>Refused</dt><dd id="refused">–</dd></div>
    <div><dt>Disconnected here</dt><dd id="kicked">–</dd></div>
  </dl>
  <dl class="counts card" id="engine" hidden>
    <div><dt class="clip" id="engine-name"></dt><dd id="engine-state"></dd></div>
    <div><dt>Behind it</dt><dd id="engine-lag">–</dd></div>
    <div><dt>Holes repaired</dt><dd id="engine-repairs">–</dd></div>
    <div><dt>Times lost</dt><dd id="engine-losses">–</dd></div>
    <div><dt>Epoch of the ids</dt><dd class="clip" id="engine-epoch">–</dd></div>
  </dl>
</section>
<p class="note" id="read-only" hidden>Reading only. To watch events and to disconnect streams, open the console with the address that the server printed at start, or set the option <code>admin: { key }</code>.</p>
<div class="columns">
<section class="card" aria-labelledby="namespaces-title">
  <div class="card-head">
    <h2 id="namespaces-title">Namespaces <span class="count" id="tree-count"></span></h2>
    <span class="hint">with all that is below</span>
  </div>
  <div class="tree-row tree-head" aria-hidden="true">
    <span class="name">Namespace</span><span class="number readers">streams</span><span class="number events">events/s</span><span class="number bytes">bytes/s</span><span class="number age">last</span>
  </div>
  <div class="tree" id="tree" role="tree" aria-labelledby="namespaces-title"></div>
  <button type="button" class="link" id="tree-more" hidden></button>
  <p class="hint pad" id="tree-left" hidden></p>
</section>
<div class="right">
<section class="card watch" id="watch" aria-labelledby="watch-title" hidden>
  <div class="card-head">
    <h2 id="watch-title">Watching <bdi class="clip chip" id="watch-namespace"></bdi></h2>
    <div class="buttons">
      <button type="button" id="watch-pause">Pause</button>
      <button type="button" id="watch-clear">Clear</button>
      <button type="button" id="watch-close">Close</button>
    </div>
  </div>
  <p class="hint pad" id="watch-note"></p>
  <p class="empty" id="watch-none">No event yet.</p>
  <div class="watch-scroll" role="group" aria-label="Events, the newest first" tabindex="0"><ul id="watch-list"></ul></div>
</section>
<section class="card" aria-labelledby="streams-title">
  <div class="card-head">
    <h2 id="streams-title">Streams <span class="count" id="streams-count"></span></h2>
    <input id="search" type="search" placeholder="Filter by user, address, path" aria-label="Filter the streams by text" aria-keyshortcuts="/" autocomplete="off" spellcheck="false" maxlength="200">
  </div>
  <div class="selection" id="selection" hidden>
    <span>in</span> <bdi class="clip chip" id="selection-name"></bdi>
    <button type="button" class="small" id="selection-clear">Show all</button>
    <div class="buttons" id="selection-actions">
      <button type="button" class="small primary" id="watch-button">Watch events</button>
      <button type="button" class="small danger" id="disconnect-all">Disconnect all</button>
    </div>
  </div>
  <p class="hint pad warn" id="streams-note"></p>
  <table role="table" aria-labelledby="streams-title">
    <thead role="rowgroup"><tr role="row">
      ${heading("namespace", "Namespace", "namespace")}
      ${heading("client_ip", "Client", "client")}
      ${heading("created_at", "Established", "established")}
      ${heading("msgs_sent", "Messages", "number")}
      ${heading("lag", "Lag", "number")}
      ${heading("state", "State", "state")}
      <th role="columnheader" class="action"><span class="sr-only">Action</span></th>
    </tr></thead>
    <tbody role="rowgroup" id="streams-body"></tbody>
  </table>
  <p class="empty" id="streams-none" hidden></p>
  <div class="card-foot">
    <label>Rows <select id="page-size"><option>25</option><option selected>50</option><option>100</option></select></label>
    <span id="range"></span>
    <div class="buttons">
      <button type="button" id="previous" disabled>Previous</button>
      <button type="button" id="next" disabled>Next</button>
    </div>
  </div>
</section>
</div>
</div>
</main>
<p class="toast" id="toast" role="status"></p>
`;

function tile(id: string, label: string, unit: string): string {
  return `<div class="tile card">
      <h3>${label}</h3>
      <p class="value"><span id="${id}-value">–</span>${
    unit && `<span class="unit">${unit}</span>`
  }</p>
      <div class="chart" id="${id}-chart"></div>
      <p class="hint"><span id="${id}-peak">&nbsp;</span><span id="${id}-total"></span></p>
    </div>`;
}

function heading(key: string, label: string, className: string): string {
  return `<th role="columnheader" scope="col" class="${className}" id="by-${key}"><button type="button">${label}</button></th>`;
}
