// What the machine has to compute with: processor, memory, graphics processors, and every executor with whether it works here.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from "node:os";
import { workerChannel } from "./executors/onnx/channel.ts";
import { type GraphicsProcessor, graphicsProcessors } from "./executors/onnx/graphicsProcessors.ts";
import type { ProviderStatus } from "./executors/onnx/providers.ts";

/** A runtime's npm package. */
export interface InstalledPackage {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
}

/** What `inspectMachine` found that programs could run on. */
export interface Machine {
  readonly platform: string;
  readonly node: string;
  readonly processor: {
    readonly model: string;
    /** Processors that this process may use. */
    readonly threads: number;
    /** Vector instructions, by the names of the operating system; empty where it does not tell. */
    readonly simd: readonly string[];
  };
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** Seen on Linux only. */
  readonly graphics: readonly GraphicsProcessor[];
  readonly packages: readonly InstalledPackage[];
  readonly providers: readonly ProviderStatus[];
}

const runtimePackages = [
  "onnxruntime-node",
  "@tensorflow/tfjs-node-gpu",
  "@tensorflow/tfjs-node",
  "@tensorflow/tfjs",
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-backend-cpu",
];

/**
 * The execution providers of ONNX Runtime and whether each works here, which is tried with a small program in a thread.
 *
 * @example
 * const [cpu, webgpu] = await listProviders();
 * if (!webgpu.available) console.log(webgpu.reason);
 */
export async function listProviders(): Promise<ProviderStatus[]> {
  const channel = workerChannel();
  try {
    return await channel.send<ProviderStatus[]>({ kind: "providers" });
  } finally {
    await channel.close();
  }
}

/**
 * Everything that decides how fast programs run here. Takes up to a second: each provider is tried.
 *
 * @example
 * const { processor, providers } = await inspectMachine();
 */
export async function inspectMachine(): Promise<Machine> {
  return {
    platform: `${platform()}-${arch()}`,
    node: process.versions.node,
    processor: {
      model: cpus()[0]?.model.trim() || "unknown",
      threads: availableParallelism(),
      simd: vectorInstructions(),
    },
    memory: { total: totalmem(), free: freemem() },
    graphics: graphicsProcessors(),
    packages: runtimePackages.map((name) => ({ name, version: installedVersion(name) })),
    providers: await listProviders(),
  };
}

function installedVersion(name: string): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return version;
  } catch {
    return undefined;
  }
}

const vectorFlag = /^(avx|fma|f16c|amx|sse4_2|asimd|neon|sve|i8mm|bf16)/;

/** Flags that name vector instructions, from wherever this operating system lists them. */
export function vectorInstructions(listed: () => string = processorFlags): string[] {
  const flags = listed()
    .toLowerCase()
    .split(/[\s:]+/);
  return [...new Set(flags.filter((flag) => vectorFlag.test(flag)))].sort();
}

function processorFlags(): string {
  try {
    if (platform() === "linux")
      return /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    if (platform() !== "darwin") return "";
    if (arch() === "arm64") return "neon";
    return execFileSync("sysctl", ["-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"], { encoding: "utf8" });
  } catch {
    return "";
  }
}

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;

/** The machine as readable text, one fact a line. */
export function describeMachine(machine: Machine): string {
  const { processor, memory, graphics, packages, providers } = machine;
  const shown = graphics.map(
    ({ vendor, discrete, memory }) =>
      `${vendor} (${discrete ? "discrete" : "integrated"}${memory === undefined ? "" : `, ${gigabytes(memory)}`})`,
  );
  const facts: [string, string][] = [
    ["platform", `${machine.platform}, Node ${machine.node}`],
    ["processor", `${processor.model}, ${processor.threads} threads for this process`],
    ["vector instructions", processor.simd.join(" ") || "unknown"],
    ["memory", `${gigabytes(memory.total)}, ${gigabytes(memory.free)} free`],
    ["graphics", shown.join(", ") || "none seen"],
    ...packages.map(({ name, version }): [string, string] => [name, version ?? "not installed"]),
    ...providers.map(({ name, available, reason, note }): [string, string] => [
      `provider ${name}`,
      available ? `available${note ? ` (${note})` : ""}` : `not available: ${reason}`,
    ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}
