import { expect, it } from "vitest";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

const dump = fixture("dewiki-20240101-pages-articles-multistream.xml.bz2");

function dumpOf(pages: string): string {
  return `<mediawiki>\n<siteinfo><base>https://x.org/wiki/Main</base></siteinfo>\n${pages}</mediawiki>`;
}

function page(title: string, text: string): string {
  return `<page><title>${title}</title><ns>0</ns><id>1</id><revision><id>2</id><text>${text}</text></revision></page>\n`;
}

it("reads the articles of a multi-stream dump as plain text, without redirects and other namespaces", async () => {
  const { documents, report } = await readAll(dump);
  expect(documents.map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5", "6", "22"]);
  expect(documents.slice(0, 6).map(({ text }) => text)).toEqual(expected.wikitext.map(({ plain }) => plain));
  expect(documents[6]).toEqual({
    id: "22",
    text: "Der Text. Kategorie:Person",
    metadata: {
      title: "Größe/Maß: R&D?",
      url: "https://de.wikipedia.org/wiki/Gr%C3%B6%C3%9Fe/Ma%C3%9F:_R%26D%3F",
      revision: "9022",
      timestamp: "2024-01-02T03:04:05Z",
    },
  });
  expect(report.bytesRead).toBe(report.totalBytes);
});

it("takes other namespaces when asked to", async () => {
  const { documents } = await readAll(dump, { wikiNamespaces: [1] });
  expect(documents.map(({ text }) => text)).toEqual(["Talk."]);
});

it("refuses XML that is cut, malformed, or no dump, and keeps the pages before", async () => {
  const folder = new TemporaryFolder();
  const cut = folder.write("cut.xml", dumpOf(page("A", "one")).slice(0, -5));
  const options = { format: "wikipedia" } as const;
  expect((await failure(cut, options)).message).toMatch(/cut\.xml: truncated XML at byte \d+: .*download it again/);
  const { documents, report } = await readAll(cut, { ...options, badInput: "skip" });
  expect(documents).toHaveLength(1);
  expect(report.skipped).toEqual({ "truncated XML": 1 });
  const mixed = folder.write("mixed.xml", dumpOf(page("A", "one <b> two")));
  expect((await failure(mixed, options)).message).toContain("malformed XML");
  const other = folder.write("other.xml", "<html></html>");
  expect((await failure(other, options)).message).toContain(
    "truncated XML at byte 13: the file ends without </mediawiki>",
  );
  const entities = folder.write("entities.xml", `<!DOCTYPE m [<!ENTITY a "aaaa">]>${dumpOf(page("A", "&a;&a;"))}`);
  expect((await failure(entities, options)).message).toMatch(/malformed XML.*undefined entity/);
});

it("loses of a malformed dump only the pages that are malformed, also beside others", async () => {
  const folder = new TemporaryFolder();
  const pages = page("A", "one") + page("B", "two &wrong; three") + page("C", "four <b> five") + page("D", "six");
  const { documents, report } = await readAll(folder.write("a.xml", dumpOf(pages)), {
    format: "wikipedia",
    badInput: "skip",
  });
  expect(documents.map(({ text }) => text)).toEqual(["one", "six"]);
  expect(report.skipped).toEqual({ "malformed XML": 2 });
  expect(report.problems[0]).toMatch(/a\.xml: malformed XML at byte \d+/);
});

it("passes over pages above the limit, and applies the policy on invalid UTF-8", async () => {
  const folder = new TemporaryFolder();
  const long = folder.write("long.xml", dumpOf(page("Long", "x".repeat(500)) + page("B", "short")));
  const options = { format: "wikipedia", maxDocumentBytes: 100 } as const;
  expect((await failure(long, options)).message).toMatch(/text too long.*the page "Long" holds more than 100/);
  const { documents, report } = await readAll(long, { ...options, badInput: "skip" });
  expect(documents.map(({ text }) => text)).toEqual(["short"]);
  expect(report.skipped).toEqual({ "text too long": 1 });
  const invalid = folder.write("invalid.xml", Buffer.from(dumpOf(page("A", "caf\xe9 x")), "latin1"));
  expect((await failure(invalid, { format: "wikipedia" })).message).toContain("invalid UTF-8");
  const replaced = await readAll(invalid, { format: "wikipedia", invalidUtf8: "replace" });
  expect(replaced.documents[0]?.text).toBe("caf\ufffd x");
});
