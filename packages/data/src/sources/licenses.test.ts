import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import texts from "spdx-license-list/full.js";
import { expect, it } from "vitest";
import { detectLicense, licenseFile } from "./licenses.ts";

const ids =
  "0BSD AGPL-3.0 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSD-4-Clause BSL-1.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 EPL-2.0 EUPL-1.2 GPL-2.0 GPL-3.0 ISC LGPL-2.1 LGPL-3.0 MIT MIT-0 MPL-2.0 NCSA OFL-1.1 PostgreSQL Unlicense UPL-1.0 WTFPL Zlib".split(
    " ",
  );

/** The licence as a repository has it: somebody's name, other line ends and bullets. */
function inUse(text: string): string {
  return text
    .replaceAll(/<year>|<dates>|\[yyyy\]/gi, "2020")
    .replaceAll(
      /<(?:copyright holders|owner organization name|owner)>|\[name of copyright owner\]/gi,
      "Ada Example and others",
    )
    .replaceAll("\n", "\r\n  ");
}

it.each(ids)("tells %s by its text", async (id) => {
  const text = texts[id]?.licenseText ?? "";
  expect(text.length).toBeGreaterThan(100);
  expect(await detectLicense(text)).toBe(id);
  expect(await detectLicense(inUse(text))).toBe(id);
});

it("tells this repository's own licence", async () => {
  const own = fileURLToPath(new URL("../../../../LICENSE", import.meta.url));
  expect(await detectLicense(readFileSync(own, "utf8"))).toBe("Apache-2.0");
});

it("takes the identifier that a text names, and knows no licence in other texts", async () => {
  expect(await detectLicense("/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */")).toBe("MIT OR GPL-2.0-only");
  expect(await detectLicense("All rights reserved. You may not copy this software at all.")).toBeUndefined();
  expect(await detectLicense("")).toBeUndefined();
  expect(await detectLicense("permission is hereby granted ".repeat(100_000))).toBeUndefined();
});

it("knows the names of licence files", () => {
  for (const name of [
    "LICENSE",
    "LICENCE.md",
    "license.txt",
    "COPYING",
    "UNLICENSE",
    "LICENSE-MIT",
    "COPYING.LESSER",
  ]) {
    expect(licenseFile.test(name), name).toBe(true);
  }
  for (const name of [
    "license.ts.snap.js.map.of.a.very.long.kind",
    "licenses.json",
    "mylicense",
    "copyrights.py",
    "license.ts",
    "license.test.go",
  ]) {
    expect(licenseFile.test(name), name).toBe(false);
  }
});

it("reads a long number once", async () => {
  expect(await detectLicense("1".repeat(199_000))).toBeUndefined();
});
