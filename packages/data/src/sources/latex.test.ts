import { describe, expect, it } from "vitest";
import { collections } from "../../test/sourceFixtures.ts";
import { latexToPlain } from "./latex.ts";

const spaced = (text: string): string => text.replace(/\s+/g, " ").trim();

it.each(collections.latex)("gives what pylatexenc gives: $latex", ({ latex, plain }) => {
  expect(spaced(latexToPlain(latex))).toBe(spaced(plain));
});

describe("beyond the reference", () => {
  it.each([
    [
      "citations and references go, with what they leave",
      "As said~\\cite[p.~3]{a}, see Fig.~\\ref{f} (\\citep{b}; see also \\cite{c}).",
      "As said, see Fig.",
    ],
    ["footnotes stay, in brackets", "A\\footnote{Or \\emph{b}.} c", "A (Or b.) c"],
    ["headings are paragraphs", "\\section*{One}\nText\n\\subsection[short]{Two}", "One\n\nText\n\nTwo"],
    ["lists", "\\begin{enumerate}\n\\item a\n\\item[x)] b\n\\end{enumerate}c", "- a\n- b\n\nc"],
    ["links", "\\href{http://a.b/c}{text} and \\url{http://d.e}", "text and http://d.e"],
    [
      "formulas in environments, without labels",
      "a\n\\begin{align*}\n x &= 1 \\label{x}\\\\\n y &= 2\n\\end{align*}\nb",
      "a\n\n\\begin{align*}\nx &= 1\\\\\ny &= 2\n\\end{align*}\n\nb",
    ],
    [
      "code as written",
      "\\begin{lstlisting}[language=C]\nif (a % 2) {\n}\n\\end{lstlisting} \\verb|a_b%|.",
      "if (a % 2) {\n}\n\na_b%.",
    ],
    [
      "captions of figures, without the rest",
      "\\begin{figure}\\includegraphics{a}\\caption[b]{A \\emph{c} $d$}\\end{figure}",
      "A c $d$",
    ],
    [
      "tables, drawings and bibliographies go",
      "a\\begin{tabular}{cc}1&2\\end{tabular}\\begin{tikzpicture}\\draw;\\end{tikzpicture}b\\begin{thebibliography}{9}\\bibitem{a} X\\end{thebibliography}",
      "ab",
    ],
    [
      "own commands",
      "\\newcommand{\\pair}[2][x]{(#1, \\textbf{#2})}\\def\\name{Ada}\\pair{y} \\pair[z]{w} \\name",
      "(x, y) (z, w) Ada",
    ],
    [
      "own commands in formulas",
      "\\DeclareMathOperator{\\argmax}{arg\\,max}\\newcommand\\R{\\mathbb{R}} $\\argmax x\\in\\R$",
      "$\\operatorname{arg\\,max} x\\in\\mathbb{R}$",
    ],
    ["line breaks and quotes", "a\\\\[2pt] b `c'", "a b ‘c’"],
    ["unknown commands keep what is in their braces", "\\unknown[opt]{kept} \\constructor{x}", "kept x"],
    ["escaped dollars are money", "It costs \\$5 and \\$6, $x$.", "It costs $5 and $6, $x$."],
  ])("%s", (_, latex, plain) => {
    expect(latexToPlain(latex)).toBe(plain);
  });

  it("takes the title and the body of a whole document", () => {
    const document =
      "\\documentclass{a}\\title[short]{The {T}itle}\\author{X}\\begin{document}\\maketitle Body.\\end{document} Rest.";
    expect(latexToPlain(document)).toBe("The Title\n\nBody.");
  });
});

describe("source that is malformed or malicious", () => {
  it("loses marks and no text", () => {
    expect(latexToPlain("a {b $c")).toBe("a b c");
    expect(latexToPlain("a } b \\begin{equation} x")).toBe("a b x");
    expect(latexToPlain("a \\textbf{b")).toBe("a b");
    expect(latexToPlain("a \\")).toBe("a");
  });

  it("expands commands that grow only so far, and none that call themselves", () => {
    const bomb = Array.from({ length: 12 }, (_, index) => {
      const name = (place: number) => `\\m${String.fromCharCode(97 + place)}`;
      return `\\newcommand{${name(index)}}{${name(index + 1).repeat(10)}}`;
    }).join("\n");
    expect(latexToPlain(`${bomb}\\newcommand{\\mm}{xxxxxxxxxx}\\ma`).length).toBeLessThan(3_000_000);
    expect(latexToPlain("\\newcommand{\\a}{x\\a}\\a y")).toBe("y");
    expect(latexToPlain("\\def\\p{\\q}\\def\\q{\\p}\\p y")).toBe("y");
  });

  it("cuts circles of files that read each other in", () => {
    const files: Record<string, string> = { a: "A \\input{b}", b: "B \\input{a}" };
    expect(latexToPlain("\\input{a} end", { findInput: (name) => files[name] })).toBe("A B end");
    const wide = latexToPlain("\\input{x}", { findInput: () => "y\\input{x1}\\input{x2}", maxInputLength: 10_000 });
    expect(wide.length).toBeLessThan(20_000);
  });

  it.each([
    "{",
    "}",
    "$",
    "$$",
    "\\(",
    "\\[",
    "\\begin{x}",
    "\\begin{equation}",
    "\\begin{figure}",
    "\\cite{",
    "\\cite{a}",
    "\\item[",
    "\\textbf{",
    "%",
    "\\",
    "\\newcommand{",
    "\\def\\a{",
    "\\verb|",
    "(\\cite{a}",
    "(see ",
    "\\caption{",
    "``",
    "\\begin{verbatim}",
    "%\\begin{verbatim}",
  ])(
    "is read in linear time: %s",
    (mark) => {
      // Quadratic work on these would take minutes and run into the time limit of the test.
      expect(latexToPlain(mark.repeat(100_000)).length).toBeLessThan(3_000_000);
    },
    20_000,
  );
});
