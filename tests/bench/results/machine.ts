import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { runtime } from "../../tools/command.ts";
import { count, flag, number, record, text } from "./fields.ts";

/** Where something was measured: all that figures depend on and can be named. */
export interface Machine {
  /** The model of the processor. */
  readonly cpu: string;
  readonly cores: number;
  /** In GiB, to a tenth: kernels keep different amounts for themselves. */
  readonly memory: number;
  /** Whether it is a virtual one, where that is known. */
  readonly virtual?: boolean;
  /** The system's name for itself, with its version. */
  readonly system: string;
  /** The kernel and its version. */
  readonly kernel: string;
  /** What controls the congestion of TCP, where that is known. */
  readonly congestion?: string;
  /** The versions of what contenders run on, as far as these are installed. */
  readonly versions: Readonly<Record<string, string>>;
}

const GIB = 2 ** 30;

/** How a machine calls what may run on it, and what prints its version. */
const PROGRAMS: Readonly<Record<string, () => string | undefined>> = {
  Deno: () => versionOf(runtime("deno"), "--version"),
  Bun: () => versionOf(runtime("bun"), "--version"),
  Node: () => versionOf(runtime("node"), "--version"),
  // Debian installs it where only root's PATH leads.
  nginx: () => versionOf("nginx", "-v") ?? versionOf("/usr/sbin/nginx", "-v"),
};

/** The machine that this runs on. */
export function thisMachine(): Machine {
  const cpus = os.cpus();
  const virtual = isVirtual(read("/proc/cpuinfo"));
  const congestion = read("/proc/sys/net/ipv4/tcp_congestion_control")?.trim();
  return {
    cpu: cpus[0]?.model.replace(/\s+/g, " ").trim() || os.arch(),
    cores: cpus.length,
    memory: Math.round(os.totalmem() / GIB * 10) / 10,
    ...(virtual !== undefined && { virtual }),
    system: systemName(read("/etc/os-release")) ?? os.version(),
    kernel: `${os.type()} ${os.release()}`,
    ...(congestion && { congestion }),
    versions: Object.fromEntries(
      Object.entries(PROGRAMS).flatMap(([name, version]) => {
        const found = version();
        return found === undefined ? [] : [[name, found]];
      }),
    ),
  };
}

/** The machine in a sentence without its full stop. */
export function describeMachine(machine: Machine): string {
  const { memory, virtual, system, kernel, congestion } = machine;
  const parts = [
    processorOf(machine),
    `${memory} GiB`,
    ...virtual ? ["a virtual machine"] : [],
    system,
    kernel,
    ...congestion ? [`TCP with ${congestion}`] : [],
    ...Object.entries(machine.versions).map((version) => version.join(" ")),
  ];
  return parts.join(", ");
}

/** Its processor and how many cores that has. */
export function processorOf({ cpu, cores }: Machine): string {
  const article = /^[AEIO]/.test(cpu) ? "an" : "a";
  return `${cores} ${cores === 1 ? "core" : "cores"} of ${article} ${cpu}`;
}

/** The value if it describes a machine; throws a TypeError otherwise. */
export function checkMachine(value: unknown, at: string): Machine {
  const machine = record(value, at);
  const { virtual, congestion } = machine;
  return {
    cpu: text(machine.cpu, `${at}.cpu`),
    cores: count(machine.cores, `${at}.cores`),
    memory: number(machine.memory, `${at}.memory`),
    ...(virtual !== undefined && { virtual: flag(virtual, `${at}.virtual`) }),
    system: text(machine.system, `${at}.system`),
    kernel: text(machine.kernel, `${at}.kernel`),
    ...(congestion !== undefined &&
      { congestion: text(congestion, `${at}.congestion`) }),
    versions: Object.fromEntries(
      Object.entries(record(machine.versions, `${at}.versions`))
        .map(([name, one]) => [name, text(one, `${at}.versions.${name}`)]),
    ),
  };
}

/** Whether Linux sees a hypervisor; only x86 has a flag for it. */
export function isVirtual(cpuinfo: string | undefined): boolean | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo ?? "")?.[1];
  return flags === undefined ? undefined : /\bhypervisor\b/.test(flags);
}

/** What `/etc/os-release` calls the system. */
export function systemName(osRelease: string | undefined): string | undefined {
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(osRelease ?? "")?.[1];
}

/** nginx prints its version to stderr. */
function versionOf(command: string, option: string): string | undefined {
  const { stdout, stderr } = spawnSync(command, [option], { encoding: "utf8" });
  return /\d+\.\d+\.\d+\S*/.exec(`${stdout}${stderr}`)?.[0];
}

/** `undefined` on a system that has no such file. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
