import { readFileSync } from "node:fs";
import { isOnPath } from "./load/client.ts";
import type { Publishing } from "./servers/command.ts";

/** The core that servers are kept on, and that of the load. */
export const CORES = { server: 0, load: 1 } as const;

/** A server that is measured. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  /** Path of a stream of `/bench`, for servers that have a path of their own for it. */
  readonly path: string;
  /** Where it is published to over HTTP, for servers that do not publish by themselves. */
  readonly publishPath?: string;
  /** The id of the last event before the load began, where there are ids. */
  readonly lastEventId: string | undefined;
  /** Has it broadcast so from now on. */
  publish(publishing: Publishing): void;
  /** Resident memory now, in bytes. */
  resident(): number;
  /** The same after garbage was collected, where that can be asked for. */
  residentAfterGC(): Promise<number>;
}

/** What runs a command on one core, where the system lets one choose. */
export function onCore(core: number, command: readonly string[]): string[] {
  return isOnPath("taskset")
    ? ["taskset", "-c", `${core}`, ...command]
    : [...command];
}

/** Resident memory of a process, in bytes. */
export function residentOf(pid: number): number {
  const pages = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1];
  return Number(pages) * 4_096;
}
