import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { collections, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

describe("PubMed", () => {
  const path = fixture("pubmed24n0001.xml.gz");

  it("reads title, abstract, authors and ids as pubmed_parser does, with the labels of an abstract's parts", async () => {
    const { documents, report } = await readAll(path);
    // The reference writes labels on lines of their own, leaves groups of authors empty and misses PMC ids.
    const spaced = (text: string) => text.replace(/\s+/g, " ").trim();
    for (const [
      index,
      { pmid, title, abstract, journal, languages, doi, authors, mesh_terms },
    ] of collections.pubmed.entries()) {
      const { id, text, metadata } = documents[index] ?? {};
      expect([id, metadata?.title, metadata?.journal, metadata?.languages]).toEqual([
        pmid,
        title,
        journal,
        [languages],
      ]);
      expect(spaced(text ?? "").replace(/(BACKGROUND|RESULTS):/g, "$1")).toBe(spaced(`${title} ${abstract}`));
      expect(metadata?.doi ?? "").toBe(doi);
      const [family, given] = (authors ?? "").split(";")[0]?.split("|") ?? [];
      expect((metadata?.authors as string[] | undefined)?.[0]).toBe(`${given} ${family}`);
      expect(metadata?.subjects).toEqual(mesh_terms ? mesh_terms.split("; ").map((term) => term.split(":")[1]) : []);
    }
    expect(documents[0]).toMatchObject({
      text: "Growth of E. coli at low CO2 & high pressure.\n\nBACKGROUND: Cells grow slowly below 5 °C.\nRESULTS: They grew 103 times faster above 20 °C (p < 0.05).",
      metadata: { authors: ["Anna B Müller", "Cold Growth Group"], date: "2001 Nov 24", pmc: "PMC42" },
    });
    expect(report.passedOver).toEqual({ "article without an abstract": 1 });
  });

  it("loses of a malformed file only the article that is malformed, and finds one that is cut", async () => {
    const folder = new TemporaryFolder();
    const xml = gunzipSync(readFileSync(path)).toString("utf8");
    const malformed = folder.write("pubmed24n0002.xml", xml.replace("<Year>2001</Year>", "<Year>2001</Yaer>"));
    expect((await failure(malformed)).message).toMatch(
      /pubmed24n0002\.xml: malformed XML at byte \d+: .*unexpected close tag/,
    );
    const { documents, report } = await readAll(malformed, { badInput: "skip" });
    expect(documents.map(({ id }) => id)).toEqual(["103"]);
    expect(report.skipped).toEqual({ "malformed XML": 1 });
    const cut = folder.write("pubmed24n0003.xml", xml.slice(0, xml.indexOf('<PMID Version="2">103')));
    expect((await failure(cut)).message).toMatch(/truncated XML at byte \d+: the file ends within <PubmedArticle>/);
    const long = await readAll(path, { maxDocumentBytes: 1000, badInput: "skip" });
    expect(long.report.skipped["text too long"]).toBeGreaterThan(0);
  });

  it("does not follow entities", async () => {
    const folder = new TemporaryFolder();
    const evil = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Abstract><AbstractText>&e;</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>`;
    expect((await failure(folder.write("pubmed24n0004.xml", evil))).message).toContain("malformed XML");
  });
});

describe("arXiv", () => {
  it("reads the metadata snapshot", async () => {
    const { documents } = await readAll(fixture("arxiv-metadata-oai-snapshot.json.gz"));
    expect(documents).toEqual([
      {
        id: "0704.0001",
        text: "Calculation of prompt photon cross sections\n\nA fully differential calculation is presented for energies of $\\sqrt{s}=14$ TeV.",
        metadata: {
          title: "Calculation of prompt photon cross sections",
          authors: ["A. Author", "C. de la Cruz Jr"],
          categories: ["hep-ph", "math.CO"],
          doi: "10.1103/PhysRevD.76.013009",
          journal: "Phys.Rev.D76:013009,2007",
          submitted: "2007-04-02T19:18:42.000Z",
          updated: "2007-07-24T20:10:27.000Z",
        },
      },
      expect.objectContaining({ id: "hep-th/9901001", text: "Second\n\nShort." }),
    ]);
  });

  const paper = [
    "On the Growth of Things",
    "We present Fast, which is fast.",
    "Introduction",
    "Things grow. They do. (Most of them.)",
    "Results",
    "For all $x \\in \\mathbb{R}$ we have",
    "\\begin{equation}\n\\left\\lVert x \\right\\rVert \\ge 0 .\n\\end{equation}",
    "See Figure.",
    "Growth over time.",
    "- First point.\n- Second point, with 50% more.",
    "x = 1  % kept",
  ].join("\n\n");

  it("reads the source of a paper: main file, what it reads in, no comments, citations and bibliography", async () => {
    const { documents } = await readAll(fixture("2401.00001.tar.gz"));
    expect(documents).toEqual([{ id: fixture("2401.00001.tar.gz"), text: paper, metadata: { mainFile: "main.tex" } }]);
  });

  it("reads the bulk archives of sources, of which one is a single old file and one is no LaTeX", async () => {
    const bulk = fixture("arXiv_src_2401_001.tar");
    const { documents, report } = await readAll(bulk, { badInput: "skip" });
    expect(documents.map(({ id, text }) => [id.slice(bulk.length), text])).toEqual([
      ["/2401/2401.00001.gz", paper],
      ["/2401/2401.00002.gz", "Single file from München."],
    ]);
    expect(report.skipped).toEqual({ "damaged PDF": 1 });
  });

  it("reads a folder as one paper, and says where none is", async () => {
    const folder = new TemporaryFolder();
    folder.write("paper/main.tex", "\\documentclass{a}\\begin{document}One \\input{part}\\end{document}");
    folder.write("paper/part.tex", "two.");
    const { documents } = await readAll(folder.join("paper"), { format: "latex" });
    expect(documents.map(({ text }) => text)).toEqual(["One two."]);
    folder.write("other/notes.tex", "no document");
    expect((await failure(folder.join("other"), { format: "latex" })).message).toContain("no LaTeX document");
    expect((await failure(folder.write("b.tex", "a\0b"))).message).toMatch(/b\.tex: binary data at byte 1/);
  });
});
