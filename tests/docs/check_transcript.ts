import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";
import {
  type Command,
  commandsOf,
  epochIn,
  masked,
  namesAnId,
  withEpoch,
} from "./transcript.ts";

/** Runs the commands of a block against a program on a port of loopback. */
export async function checkTranscript(
  code: string,
  port: number,
): Promise<void> {
  let before = "";
  for (const command of commandsOf(code)) {
    before += await checkCommand(command, port, before);
  }
}

/**
 * Runs a command against a program; a stream until it has printed as much. Returns
 * what it has printed.
 *
 * @param before What the commands before it have.
 */
async function checkCommand(
  { command, output }: Command,
  port: number,
  before: string,
): Promise<string> {
  const epoch = namesAnId(command)
    ? epochIn(before) ?? await epochOf(port)
    : "";
  const line = withEpoch(command, epoch)
    .replaceAll("localhost:8001", `127.0.0.1:${port}`)
    // Through a pipe it would keep back what it has, unlike on a terminal.
    .replaceAll(/\bcurl /g, "curl --silent --no-buffer ");
  const child = spawn("sh", ["-c", `exec ${line}`]);
  let printed = "";
  let ended = false;
  child.stdout.on("data", (text) => printed += text);
  child.stderr.on("data", (text) => printed += text);
  child.on("close", () => ended = true);
  const lines = output.split("\n").length;
  await until(
    () => ended || printed.split("\n").length >= lines,
    () => `the output of ${line}: ${printed}`,
  );
  if (!ended) child.kill();
  await until(() => ended, () => `the end of ${line}`);
  const begin = printed.split("\n").slice(0, lines - 1);
  assertEquals(
    masked(begin.map((text) => `${text}\n`).join("") || printed),
    masked(output),
  );
  return printed;
}

/** What the ids of a program with a history begin with. */
async function epochOf(port: number): Promise<string> {
  const client = new RawClient(port, "/subscribe/");
  await until(() => epochIn(client.body) !== undefined, "the id of a stream");
  client.leave();
  return epochIn(client.body)!;
}
