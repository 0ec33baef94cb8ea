// The main text of pages in many layouts, beside trafilatura's (tools/fixtures/data_clean_html.py) and against the text marked in
// the pages by hand; how each kind of block is written; encodings.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pipeline } from "../pipeline.ts";
import { decodeHtml } from "./decodeHtml.ts";
import { extractMainText, mainText } from "./mainText.ts";

const folder = new URL("__fixtures__/", import.meta.url);
const theirs = JSON.parse(readFileSync(new URL("trafilatura.json", folder), "utf8")) as Record<string, string>;
const pages = readdirSync(new URL("pages/", folder)).map((file) => {
  const marked = decodeHtml(readFileSync(new URL(`pages/${file}`, folder)));
  const main = Array.from(marked.matchAll(/<!--main-->([\s\S]*?)<!--\/main-->/g), ([, text]) =>
    text!.replace(/<[^>]*>/g, " ").replaceAll("&gt;", ">"),
  );
  return { name: file.replace(".html", ""), html: marked.replace(/<!--\/?main-->/g, ""), main: main.join("\n") };
});

function wordCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const words = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+/gu) ?? [];
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Harmonic mean of precision and recall of the words, each as often as it occurs. */
function wordF1(found: string, expected: string): number {
  const [a, b] = [wordCounts(found), wordCounts(expected)];
  const sum = (counts: Iterable<number>) => [...counts].reduce((total, count) => total + count, 0);
  const shared = sum(Array.from(a, ([word, count]) => Math.min(count, b.get(word) ?? 0)));
  return (2 * shared) / (sum(a.values()) + sum(b.values()));
}

describe("mainText", () => {
  it("finds more of the main text, and less else, than trafilatura", () => {
    expect(pages.length).toBeGreaterThanOrEqual(12);
    const scores = pages.map(({ name, html, main }) => ({
      name,
      ours: wordF1(mainText(html), main),
      theirs: wordF1(theirs[name]!, main),
    }));
    const mean = (side: "ours" | "theirs") => scores.reduce((sum, score) => sum + score[side], 0) / scores.length;
    expect(scores.filter(({ ours }) => ours < 0.93)).toEqual([]);
    expect(mean("ours")).toBeGreaterThan(0.98);
    expect(mean("ours")).toBeGreaterThan(mean("theirs"));
  });

  it("writes headings, lists, code, tables and quotes so that they can be read", () => {
    const html = `<main><h2>One &amp; two</h2><p>A paragraph that is long enough to count as the main text of a page,<br>with a second line.</p>
      <ul><li>first</li><li><p>second</p><p>and more</p><ol><li>inner</li><li>other</li></ol></li></ul>
      <pre><code>if (a &lt; b) {
  swap();
}</code></pre>
      <table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>a|b</td></tr></table>
      <blockquote>Words of another, which are long enough to count as the main text as well.</blockquote></main>`;
    expect(mainText(html)).toBe(
      [
        "## One & two",
        "A paragraph that is long enough to count as the main text of a page,\nwith a second line.",
        "- first\n- second\n  and more\n  1. inner\n  2. other",
        "```\nif (a < b) {\n  swap();\n}\n```",
        "| x | y |\n| 1 | a\\|b |",
        "> Words of another, which are long enough to count as the main text as well.",
      ].join("\n\n"),
    );
  });

  it("leaves out what is hidden, menus and forms, and keeps large parts with a misleading name", () => {
    const text = "This long sentence is the text of the page, and nothing else on the page is as long as it is.";
    const html = `<body class="has-sidebar"><div class="sidebar-layout"><p>${text}</p><p hidden>${text} Hidden.</p>
      <p style="display: none">${text} Not shown.</p><nav>${text} Menu.</nav><form><button>Send the form</button></form></div></body>`;
    expect(mainText(html)).toBe(text);
  });

  it("gives nothing for pages without text, and takes any nesting", () => {
    expect(mainText("")).toBe("");
    expect(mainText("<a href=/>Home</a> <a href=/b>About</a>")).toBe("");
    expect(mainText("just words without any tags at all, which is a page as well as any other")).toMatch(/^just words/);
    expect(mainText(`${"<div>".repeat(5000)}deep${"</div>".repeat(5000)}`)).toBe("");
    expect(
      mainText("<p>unclosed <b>bold <i>and < 5 & more, in a text that goes on for a little while longer"),
    ).toContain("< 5 &");
  });

  it("takes pages nested without end and lists of any length", () => {
    const long = "A text that is long enough to be the main text of its page, in one sentence.";
    const nested = `${"<table><tr><td><ul><li><div class=nav-x>".repeat(5000)}${long}`;
    expect(mainText(`<p>${long}</p>${nested}`)).toBe(long);
    const item = "<li>An item of a list that has very many items in all, each a sentence.";
    const list = mainText(`<ol>${item.repeat(50_000)}</ol>`);
    expect(list.slice(list.lastIndexOf("\n"))).toBe(
      "\n50000. An item of a list that has very many items in all, each a sentence.",
    );
  });
});

describe("decodeHtml", () => {
  it("takes the encoding from the header, the page or the bytes", () => {
    expect(decodeHtml(Buffer.from([0xbe, 0xc8, 0xb3, 0xe7]), "text/html; charset=euc-kr")).toBe("안녕");
    expect(decodeHtml(Buffer.from('<meta charset="windows-1251">\xcf', "latin1"))).toContain("П");
    expect(decodeHtml(Buffer.from("\x93caf\xe9\x94", "latin1"))).toBe("“café”");
    expect(decodeHtml(Buffer.from("\x93caf\xe9\x94", "latin1"), "text/html; charset=iso-8859-1")).toBe("“café”");
    expect(decodeHtml(Buffer.from("\ufeff<p>Ж</p>", "utf16le"))).toBe("<p>Ж</p>");
    expect(decodeHtml(Buffer.from('<meta charset="utf-16le">é'))).toContain("é");
    expect(decodeHtml(Buffer.from("\ufeffcafé"), "text/html; charset=latin1")).toBe("café");
  });
});

describe("extractMainText", () => {
  it("turns pages into text, leaves plain text, drops pages without text", async () => {
    const documents = [
      { id: "page", text: pages.find(({ name }) => name === "plain")!.html },
      { id: "text", text: "<p>", metadata: { contentType: "text/plain" } },
      { id: "empty", text: "<html></html>", metadata: { contentType: "text/html" } },
    ];
    const run = pipeline(documents, [extractMainText()]);
    const kept = [];
    for await (const { id, text } of run.documents) kept.push([id, text.slice(0, 9)]);
    expect(kept).toEqual([
      ["page", "This page"],
      ["text", "<p>"],
    ]);
    expect(run.report().steps[0]!.dropped).toEqual({ "no main text": 1 });
  });
});
