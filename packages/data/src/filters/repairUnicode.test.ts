// Repaired texts against ftfy's, on the texts of tools/fixtures/data_clean_text.py, and what the options leave.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { repairText } from "./repairUnicode.ts";

const entries = JSON.parse(readFileSync(new URL("__fixtures__/ftfy.json", import.meta.url), "utf8")) as [
  text: string,
  fixed: string,
][];

describe("repairText", () => {
  it("repairs as ftfy", () => {
    expect(entries.length).toBeGreaterThan(500);
    expect(entries.filter(([text, fixed]) => text !== fixed).length).toBeGreaterThan(300);
    const differing = entries.flatMap(([text, fixed]) => {
      const ours = repairText(text);
      return ours === fixed ? [] : [{ text, ours, theirs: fixed }];
    });
    expect(differing).toEqual([]);
  });
});
