import type { Histogram } from "../counters.ts";
import type { EngineStatus } from "../engine.ts";
import type { Hub } from "../hub.ts";

/** The content type of {@linkcode metricsOf}. */
export const METRICS_TYPE: string = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The counters in the text format of Prometheus (exposition format 0.0.4).
 *
 * Labels have a fixed set of values: never a namespace or a client, of which a
 * stranger can make any number.
 */
export function metricsOf(
  hub: Hub,
  startedAt: number,
  engine: EngineStatus | undefined,
): string {
  const { counters } = hub;
  const { slow, stalled, kicked, client, expired, closed } =
    counters.disconnects;
  const { messages, bytes } = hub.history.size;
  return [
    family("streams_open", "gauge", "Streams open now.", hub.size),
    family(
      "queue_bytes",
      "gauge",
      "Bytes retained for readers that are behind.",
      hub.retained.bytes,
    ),
    family(
      "sockets_open",
      "gauge",
      "Sockets of streams, also of ended ones, that have not been closed.",
      hub.counts.sockets,
    ),
    family(
      "history_messages",
      "gauge",
      "Messages remembered for clients that come back.",
      messages,
    ),
    family("history_bytes", "gauge", "Bytes of these messages.", bytes),
    family(
      "start_time_seconds",
      "gauge",
      "When the server was first used, since the Unix epoch.",
      startedAt / 1000,
    ),
    family(
      "broadcasts_total",
      "counter",
      "Events broadcast.",
      counters.broadcasts,
    ),
    family(
      "deliveries_total",
      "counter",
      "Events handed to connections.",
      counters.deliveries,
    ),
    family(
      "sent_bytes_total",
      "counter",
      "Bytes of events handed to connections.",
      counters.bytes,
    ),
    family(
      "disconnects_total",
      "counter",
      "Streams that were not cut off, by why they ended.",
      { client, expired, closed },
    ),
    family("evictions_total", "counter", "Streams cut off, by reason.", {
      slow,
      stalled,
      kicked,
    }),
    family(
      "refusals_total",
      "counter",
      "Streams refused, by reason.",
      counters.refusals,
    ),
    family(
      "publish_refusals_total",
      "counter",
      "Requests to publish refused, by reason.",
      counters.publishRefusals,
    ),
    family(
      "replays_total",
      "counter",
      "Streams that went on where their client had left off.",
      counters.replays,
    ),
    family(
      "gaps_total",
      "counter",
      "Times that a client was told that something is missing.",
      counters.gaps,
    ),
    histogram(
      "publish_duration_seconds",
      "How long publish() took.",
      counters.publish,
    ),
    ...(engine === undefined ? [] : engineFamilies(engine)),
  ].join("");
}

function engineFamilies(
  { connected, lag, repairs, losses, epoch }: EngineStatus,
): string[] {
  return [
    family(
      "engine_connected",
      "gauge",
      "Whether the engine can accept events now: 1, else 0.",
      Number(connected),
    ),
    family(
      "engine_lag_events",
      "gauge",
      "Events accepted, as far as is known, and not delivered here yet.",
      lag,
    ),
    family(
      "engine_epoch",
      "gauge",
      "The epoch of the last event's id, a number in base 36 there; another one means that ids began anew.",
      parseInt(epoch, 36) || 0,
    ),
    family(
      "engine_repairs_total",
      "counter",
      "Times that events had not come by themselves and were fetched.",
      repairs,
    ),
    family(
      "engine_losses_total",
      "counter",
      "Times that the engine's connection was lost.",
      losses,
    ),
  ];
}

function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: number | Readonly<Record<string, number>>,
): string {
  const lines = typeof value === "number"
    ? [`sse_${name} ${value}`]
    : Object.entries(value).map(([reason, count]) =>
      `sse_${name}{reason="${reason}"} ${count}`
    );
  return head(name, type, help) + lines.join("\n") + "\n";
}

function histogram(
  name: string,
  help: string,
  { bounds, counts, sum }: Histogram,
): string {
  let count = 0;
  const lines = counts.map((one, i) => {
    count += one;
    return `sse_${name}_bucket{le="${bounds[i] ?? "+Inf"}"} ${count}`;
  });
  lines.push(`sse_${name}_sum ${sum}`, `sse_${name}_count ${count}`);
  return head(name, "histogram", help) + lines.join("\n") + "\n";
}

function head(name: string, type: string, help: string): string {
  return `# HELP sse_${name} ${help}\n# TYPE sse_${name} ${type}\n`;
}
