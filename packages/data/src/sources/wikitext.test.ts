import { describe, expect, it } from "vitest";
import { expected } from "../../test/sourceFixtures.ts";
import { wikitextToPlain } from "./wikitext.ts";

it.each(expected.wikitext)("gives what mwparserfromhell gives: $wikitext", ({ wikitext, plain }) => {
  expect(wikitextToPlain(wikitext)).toBe(plain);
});

describe("beyond the reference", () => {
  it.each([
    ["files with captions and categories", "[[File:A.jpg|thumb|A [[nice]] day]]Text.[[Category:X]]", "Text."],
    ["links to categories stay", "[[:Category:X]]", "Category:X"],
    ["links to other languages", "Text.\n[[de:Wort]]\n[[zh-min-nan:X]]", "Text."],
    ["tables, also nested", "a\n{| class=x\n| b\n{|\n| c\n|}\n|}\nd", "a\n\nd"],
    ["magic words and rules", "__NOTOC__\na\n----\nb", "a\n\nb"],
    ["lists and indents", "* one\n## two\n:; three", "one\ntwo\nthree"],
    ["formulas as LaTeX", "so <math>x^2 < y</math> holds", "so $x^2 < y$ holds"],
    ["headings over nothing", "== A ==\ntext\n== B ==\n=== C ===\n{{reflist}}\n== D ==", "A\ntext"],
    ["headings over a subsection with text", "== A ==\n=== B ===\ntext", "A\nB\ntext"],
    [
      "what templates leave in brackets",
      "Ada ({{lang|x}}; born 1815) and Bob ({{ipa}}) met",
      "Ada (born 1815) and Bob met",
    ],
    ["parameters", "a {{{name|b}}} c", "a c"],
    ["bare and labelled addresses", "[http://a.b] [https://a.b/c d e]", "d e"],
    ["line breaks", "a<br />b", "a\nb"],
    ["galleries", "a<gallery>\nFile:x.jpg|y\n</gallery>b", "ab"],
  ])("%s", (_, wikitext, plain) => {
    expect(wikitextToPlain(wikitext)).toBe(plain);
  });

  it("knows this wiki's own names of hidden namespaces", () => {
    const options = { hiddenNamespaces: ["Datei", "Kategorie"] };
    expect(wikitextToPlain("[[Datei:A.jpg|mini|B]]C[[kategorie:D]]", options)).toBe("C");
  });
});

describe("mark-up that is never closed", () => {
  it("loses the marks and no text", () => {
    expect(wikitextToPlain("a {{b {{c}} d")).toBe("a b d");
    expect(wikitextToPlain("a [[b [[c|d]] e")).toBe("a b d e");
    expect(wikitextToPlain("a }} b ]] c")).toBe("a b ]] c");
    expect(wikitextToPlain("a <ref>b")).toBe("a b");
    expect(wikitextToPlain("a\n{| class=x\n| b\n|-\n| c")).toBe("a\n\nb\n\nc");
  });

  it.each(["{{", "[[", "<ref>", "<nowiki>", "<!--", "{{{", "''", "[http:", "==", "((", "{|\n", "\n=", "[[a|", "<"])(
    "is read in linear time: %s",
    (mark) => {
      // Quadratic work on these would take minutes and run into the time limit of the test.
      expect(wikitextToPlain(mark.repeat(200_000)).length).toBeLessThan(2_000_000);
    },
    20_000,
  );
});
