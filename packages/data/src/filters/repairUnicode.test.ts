// Repaired texts against ftfy's, on the texts of tools/fixtures/data_clean_text.py, and what the options leave.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pipeline } from "../pipeline.ts";
import { repairText, repairUnicode } from "./repairUnicode.ts";

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

  it.each([
    ["unescapeHtml", false, "&eacute;", "&eacute;"],
    ["unescapeHtml", true, "<p>&eacute;</p>", "<p>é</p>"],
    ["fixEncoding", false, "sÃ³", "sÃ³"],
    ["fixUpperControls", false, "a\u0091", "a\u0091"],
    ["fixLigatures", false, "ﬁ", "ﬁ"],
    ["fixWidth", false, "Ａ", "Ａ"],
    ["straightenQuotes", false, "“it’s”", "“it’s”"],
    ["fixLineEnds", false, "a\r\nb", "a\r\nb"],
    ["removeTerminalEscapes", false, "\u001b[1mbold", "[1mbold"],
    ["removeControls", false, "a\u0007b", "a\u0007b"],
    ["normalization", false, "e\u0301", "e\u0301"],
    ["normalization", "NFKC", "½", "1⁄2"],
  ] as const)("%s: %s", (option, value, text, expected) => {
    // Without the repair of encodings, which would see to C1 controls first.
    const others = option === "fixUpperControls" ? { fixEncoding: false } : {};
    expect(repairText(text, { ...others, [option]: value })).toBe(expected);
  });

  it("cuts lines of any length, not within a character", () => {
    const line = `${"😀".repeat(500_001)} schÃ¶n`;
    expect(repairText(`a${line}`)).toBe(`a${"😀".repeat(500_001)} schön`);
  });

  it("is a step that leaves right documents as they are", async () => {
    const documents = [
      { id: "right", text: "Right." },
      { id: "wrong", text: "schÃ¶n" },
    ];
    const kept = [];
    for await (const document of pipeline(documents, [repairUnicode()]).documents) kept.push(document);
    expect(kept[0]).toBe(documents[0]);
    expect(kept[1]).toEqual({ id: "wrong", text: "schön" });
  });
});
