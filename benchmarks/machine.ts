// The machine a number was measured on, in one line for reports; nothing in it names the computer or its owner.
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

/** For example `AMD EPYC, 2 cores, 23 GiB, Linux 6.1 x64, Node 22.12.0`. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, " ").trim() || "unknown CPU";
  const memory = Math.round(totalmem() / 2 ** 30);
  const version = release().split(".").slice(0, 2).join(".");
  const system = `${systemNames[platform()] ?? platform()} ${version} ${arch()}`;
  return `${model}, ${availableParallelism()} cores, ${memory} GiB, ${system}, Node ${process.versions.node}`;
}

const systemNames: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "macOS (Darwin)",
  linux: "Linux",
  win32: "Windows",
};
