import { describe, expect, it } from "vitest";
import { collect } from "../test/temporaryFolder.ts";
import { normalize, normalizeText } from "./normalize.ts";
import { pipeline } from "./pipeline.ts";

describe("normalizeText", () => {
  it("composes characters, by canonical or compatibility equivalence or not at all", () => {
    expect(normalizeText("Cafe\u0301 ﬁn")).toBe("Café ﬁn");
    expect(normalizeText("Cafe\u0301 ﬁn", { unicode: "NFKC" })).toBe("Café fin");
    expect(normalizeText("Cafe\u0301", { unicode: false })).toBe("Cafe\u0301");
  });

  it("ends every line with a line feed", () => {
    expect(normalizeText("a\r\nb\rc\u0085d\u2028e\vf\fg")).toBe("a\nb\nc\nd\ne\nf\ng");
  });

  it("removes control characters but keeps tabs and joiners", () => {
    expect(normalizeText("a\u0000b\u0007\tc\u009fd\ufeffe 👩\u200d💻")).toBe("ab\tcde 👩\u200d💻");
  });

  it("replaces lone surrogates, not pairs", () => {
    expect(normalizeText("a\ud83d b\udc00 😀")).toBe("a\ufffd b\ufffd 😀");
  });

  it("trims line ends and limits blank lines", () => {
    const text = " \n\n  a  \n \t\n\n\nb\u00a0\n\n\n";
    expect(normalizeText(text)).toBe("  a\n\nb");
    expect(normalizeText(text, { maxBlankLines: 2 })).toBe("  a\n\n\nb");
    expect(normalizeText(text, { maxBlankLines: 0 })).toBe("  a\nb");
  });

  it("changes nothing more when applied again", () => {
    const samples = ["a\u0000 \r\r\n\n\n b", "\u0301\ufeffe\u0301\u2029\u2029x", "\ud800\ud800\udc00", " \t \n"];
    for (const sample of samples) expect(normalizeText(normalizeText(sample))).toBe(normalizeText(sample));
  });

  it("takes linear time on a long run of spaces inside a line", () => {
    const text = `a${" ".repeat(2_000_000)}b`;
    expect(normalizeText(text)).toBe(text);
  });
});

describe("normalize", () => {
  it("drops what is left empty and keeps id and metadata", async () => {
    const documents = [
      { id: "1", text: " \u0000\n" },
      { id: "2", text: "x ", metadata: { language: "en" } },
    ];
    const run = pipeline(documents, [normalize()]);
    expect(await collect(run.documents)).toEqual([{ id: "2", text: "x", metadata: { language: "en" } }]);
    expect(run.report().steps[0]?.dropped).toEqual({ empty: 1 });
  });
});
