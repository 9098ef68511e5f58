import { byId, setAttribute, setClipped, setText } from "./elements.ts";
import { formatCount, formatNumberOf } from "./format.ts";
import type { Stats } from "./protocol.ts";

/** What the server shares with others, such as Redis, and how that does. */
export function openEngine({ announce }: { announce(text: string): void }): {
  /** Shows it, and returns what is wrong with it; `""`: nothing. */
  show(engine: Stats["engine"]): string;
} {
  const card = byId("engine");
  const banner = byId("engine-banner");
  const state = byId("engine-state");
  const losses = byId("engine-losses");
  let wasAway = false;

  return {
    show(engine) {
      // Within one process there is nothing to tell of it.
      const isShared = engine !== null && engine.name !== "memory";
      card.hidden = !isShared;
      banner.hidden = !isShared || engine.connected;
      if (!isShared) return "";
      const name = engine.name.slice(0, 1).toUpperCase() + engine.name.slice(1);
      setClipped(byId("engine-name"), name);
      setText(state, engine.connected ? "connected" : "away");
      setAttribute(
        state,
        "class",
        `pill ${engine.connected ? "live" : "stalled"}`,
      );
      setText(byId("engine-lag"), formatNumberOf(engine.lag, "event"));
      setText(byId("engine-repairs"), formatCount(engine.repairs));
      setText(losses, formatCount(engine.losses));
      losses.classList.toggle("some", engine.losses > 0);
      setClipped(byId("engine-epoch"), engine.epoch || "–");
      const trouble = engine.connected ? "" : `${name} is away`;
      if (trouble !== "") setClipped(byId("engine-away"), `${trouble}.`);
      if (wasAway === engine.connected) {
        announce(trouble || `${name} is back`);
        wasAway = !engine.connected;
      }
      return trouble;
    },
  };
}
