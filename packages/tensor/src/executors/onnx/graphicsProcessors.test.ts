import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { graphicsProcessors, onlySoftwareVulkan } from "./graphicsProcessors.ts";

const root = mkdtempSync(join(tmpdir(), "pci-"));
afterAll(() => rmSync(root, { recursive: true }));

function device(name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, name, file), `${text}\n`);
}

describe("graphicsProcessors", () => {
  it("reads vendor, kind and memory from the PCI bus", () => {
    device("0000:00:02.0", { vendor: "0x8086", class: "0x030000" });
    device("0000:01:00.0", { vendor: "0x10de", class: "0x030200" });
    device("0000:03:00.0", { vendor: "0x1002", class: "0x030000", mem_info_vram_total: "17163091968" });
    device("0000:04:00.0", { vendor: "0x1002", class: "0x038000", mem_info_vram_total: "536870912" });
    device("0000:05:00.0", { vendor: "0x10de", class: "0x040300" });
    device("0000:06:00.0", { vendor: "0x1a03", class: "0x030000" });
    device("0000:07:00.0", {});
    expect(graphicsProcessors(root)).toEqual([
      { vendor: "Intel", discrete: false },
      { vendor: "NVIDIA", discrete: true },
      { vendor: "AMD", discrete: true, memory: 17163091968 },
      { vendor: "AMD", discrete: false, memory: 536870912 },
    ]);
  });

  it("sees none where there is no bus", () => {
    expect(graphicsProcessors(join(root, "missing"))).toEqual([]);
  });
});

it.skipIf(process.platform !== "linux")("tells software drivers by their names", () => {
  expect(onlySoftwareVulkan({ VK_DRIVER_FILES: "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json" })).toBe(true);
});
