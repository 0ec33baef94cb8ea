// Which graphics processors the machine has, by looking at files only: no driver is loaded.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A graphics processor that the Linux kernel lists. */
export interface GraphicsProcessor {
  readonly vendor: "NVIDIA" | "AMD" | "Intel";
  /** True if it has memory of its own. */
  readonly discrete: boolean;
  /** Bytes of its own memory, where the driver says so. */
  readonly memory?: number;
}

const vendors: Readonly<Record<string, GraphicsProcessor["vendor"]>> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
};

/** Processors with built-in graphics set aside up to this much of the machine's memory. */
const largestSharedMemory = 2 ** 31;

/** Graphics processors on the PCI bus; Linux only, elsewhere none are seen. `root` is where the kernel's files are. */
export function graphicsProcessors(root = "/sys/bus/pci/devices"): GraphicsProcessor[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((device): GraphicsProcessor[] => {
    const read = (file: string) => readText(join(root, device, file));
    const vendor = vendors[read("vendor") ?? ""];
    // PCI class 03: display controllers.
    if (!vendor || !read("class")?.startsWith("0x03")) return [];
    const bytes = Number(read("mem_info_vram_total") ?? 0);
    const discrete = vendor === "NVIDIA" || (vendor === "AMD" && bytes > largestSharedMemory);
    return [{ vendor, discrete, ...(bytes > 0 ? { memory: bytes } : {}) }];
  });
}

/** True if a graphics processor with memory of its own is seen. */
export function hasDiscreteGpu(): boolean {
  return graphicsProcessors().some(({ discrete }) => discrete);
}

/** Whether the kernel has NVIDIA's driver loaded; where that cannot be seen, starting a session will tell. */
export function hasNvidiaDriver(): boolean {
  return process.platform !== "linux" || existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidiactl");
}

/** One of these is there where a process may use a graphics processor (the last is Windows' under WSL). */
const deviceFiles = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];
const softwareDriver = /lvp_icd|swiftshader|llvmpipe/;

/** True if every Vulkan driver that is installed computes on the processor. Linux only, elsewhere false. */
export function onlySoftwareVulkan(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== "linux") return false;
  if (!deviceFiles.some((file) => existsSync(file))) return true;
  return vulkanDrivers(environment).every((file) => softwareDriver.test(file));
}

/** Manifests that the Vulkan loader would read. */
function vulkanDrivers(environment: NodeJS.ProcessEnv): string[] {
  const given = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES;
  if (given) return given.split(":");
  const folders = ["/etc", "/usr/local/share", "/usr/share", join(homedir(), ".local/share")];
  return folders
    .map((folder) => join(folder, "vulkan/icd.d"))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
