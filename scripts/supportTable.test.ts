import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { supportFile, supportTable } from "./supportTable.ts";
import { repositoryRoot } from "./workspace.ts";

it("is what docs/support.md holds (run scripts/supportTable.ts after a change of ops)", () => {
  expect(readFileSync(join(repositoryRoot, supportFile), "utf8")).toBe(supportTable());
});
