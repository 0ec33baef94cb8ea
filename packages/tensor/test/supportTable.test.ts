import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { supportFile, supportTable } from "./supportTable.ts";

it("is what docs/support.md holds (run packages/tensor/test/supportTable.ts after a change of ops)", () => {
  expect(readFileSync(supportFile, "utf8")).toBe(supportTable());
});
