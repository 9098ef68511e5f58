import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { ROOT } from "../tools/command.ts";
import { type HubProcess, startHub } from "../tools/hub_process.ts";
import { RawClient } from "../tools/raw_client.ts";
import { until } from "../tools/waiting.ts";

const TOKEN = "0123456789abcdef";
const WRONG = { SSE_PUBLISH_TOKEN: "fedcba9876543210" };

/** Runs an example against a hub; returns its exit code and what it printed. */
async function run(
  hub: HubProcess,
  command: string,
  file: string,
  env: Record<string, string> = {},
): Promise<{ code: number | string; output: string }> {
  const child = spawn(command, [`${ROOT}/examples/${file}`], {
    env: {
      ...process.env,
      SSE_URL: `http://127.0.0.1:${await hub.port()}`,
      SSE_PUBLISH_TOKEN: TOKEN,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let code: number | string | undefined;
  child.stdout.on("data", (text) => output += text);
  child.stderr.on("data", (text) => output += text);
  child.on("close", (status, signal) => code = status ?? signal!);
  await until(() => code !== undefined, () => `the end of ${file}: ${output}`);
  return { code: code!, output };
}

function hub(): HubProcess {
  return startHub([], { SSE_PUBLISH_TOKEN: TOKEN });
}

function works(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}

const [shell, python] = [works("curl"), works("python3")].map((has) =>
  has ? it : it.skip
) as [typeof it, typeof it];

describe("the examples that publish (need: apt-get install curl python3)", () => {
  shell("publish.sh sends lines of text", async () => {
    await using running = hub();
    const client = new RawClient(await running.port(), "/subscribe/load");
    await client.hearsSomewhere(":ok");
    const { code, output } = await run(running, "sh", "publish.sh", {
      COUNT: "2",
      INTERVAL: "0.1",
    });
    assertEquals(code, 0, output);
    assertMatch(output, /^(\{"id":"[0-9a-z]+-\d"\}\n){2}$/);
    await until(
      () => client.body.split("event:uptime\ndata:").length === 3,
      () => `two events in ${client.body}`,
    );
    client.leave();
    const refused = await run(running, "sh", "publish.sh", WRONG);
    assertEquals(refused.code, 22);
    assertMatch(refused.output, /401/);
  });

  python("publish.py sends JSON", async () => {
    await using running = hub();
    const client = new RawClient(await running.port(), "/subscribe/orders");
    await client.hearsSomewhere(":ok");
    const { code, output } = await run(running, "python3", "publish.py");
    assertEquals(code, 0, output);
    assertMatch(output, /^([0-9a-z]+-\d\n){3}$/);
    await client.hearsLast('event:order\ndata:{"number":3,"total":37.5}\n\n');
    client.leave();
    assertEquals(await run(running, "python3", "publish.py", WRONG), {
      code: 1,
      output: "Refused: 401 the token is not the right one\n",
    });
  });
});
