/**
 * The wire of streams with a history, as tests write it down.
 *
 * @module
 */
import type { TestServer } from "./sockets.ts";

/** Fills in the epoch, so that wire strings can be written with ids such as `E-1`. */
export type Wire = (text: string) => string;

/** Finds out the epoch of a server with a history; broadcasts nothing for it. */
export async function wireOf(server: TestServer): Promise<Wire> {
  const { streams } = server;
  const client = await server.open("/subscribe/epoch");
  const [, epoch] = /^id:([0-9a-z]+)-/m.exec(client.body)!;
  client.leave();
  await server.settles(streams);
  return (text) => text.replace(/\bE-(?=\d)/g, `${epoch}-`);
}

/** Broadcasts the words, each to `/a` or where the text before a colon says. */
export function say(server: TestServer, ...words: string[]): void {
  for (const word of words) {
    const [data, namespace = "/a"] = word.split(":").reverse();
    server.sse.broadcast({ namespace, data });
  }
}

/** What a client sends that comes back. */
export function after(id: string): { headers: Record<string, string> } {
  return { headers: { "Last-Event-ID": id } };
}

/** A stream that was asked for with an id that the server knows. */
export function resumed(id: string): string {
  return `:ok\n\nid:${id}\nevent:sse-open\ndata:{"resumed":true}\n\n`;
}

/** A stream that begins at a place. */
export function begun(id: string): string {
  return `:ok\n\nid:${id}\nevent:sse-open\ndata:{"resumed":false}\n\n`;
}

/** A stream that goes on after `id`, though its client may lack something before. */
export function gapped(
  id: string,
  from: string,
  to: string,
  reason: string,
): string {
  const gap = JSON.stringify({ from, to, reason });
  return `:ok\n\nid:${id}\nevent:sse-gap\ndata:${gap}\n\n` +
    `id:${id}\nevent:sse-open\ndata:{"resumed":false}\n\n`;
}

/** Some of the metrics, by what follows `sse_` in their names. */
export async function counted(
  server: TestServer,
  ...names: string[]
): Promise<Record<string, number>> {
  const { body } = await server.ask("/admin/metrics");
  const found = names.map((name): [string, number] => {
    const line = body.split("\n").find((line) =>
      line.startsWith(`sse_${name} `)
    );
    return [name, Number(line?.split(" ")[1])];
  });
  return Object.fromEntries(found);
}

/** What a metric counts by reason, those that are 0 left out. */
export async function countedBy(
  server: TestServer,
  name: string,
): Promise<Record<string, number>> {
  const { body } = await server.ask("/admin/metrics");
  return Object.fromEntries(
    [...body.matchAll(/^sse_(\w+)\{reason="(\w+)"\} ([1-9]\d*)$/gm)]
      .filter(([, family]) => family === name)
      .map(([, , reason, count]) => [reason!, Number(count)]),
  );
}
