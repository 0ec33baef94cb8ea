import { describe, expect, it } from "vitest";
import { collections, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

describe("a folder of one's own", () => {
  it("reads Markdown with front matter, HTML by its encoding, PDF and text together", async () => {
    const folder = new TemporaryFolder();
    folder.write("a.md", "---\ntitle: First\ntags: [x, y]\n---\n\n# Head\n\nText.\n");
    folder.write("b.html", Buffer.from('<meta charset="iso-8859-1"><p>caf\xe9</p>', "latin1"));
    folder.write("c.md", "No front matter\n---\nhere.\n");
    folder.write("d.txt", "Plain.");
    const { documents } = await readAll(folder.path);
    expect(documents.map(({ text, metadata }) => [text, metadata])).toEqual([
      ["# Head\n\nText.\n", { title: "First", tags: ["x", "y"] }],
      ['<meta charset="iso-8859-1"><p>café</p>', { contentType: "text/html", charset: "windows-1252" }],
      ["No front matter\n---\nhere.\n", undefined],
      ["Plain.", undefined],
    ]);
  });

  it("gives the main text of HTML pages where that is wanted, in files and web archives, and leaves other kinds alone", async () => {
    const folder = new TemporaryFolder();
    const body = "A sentence that is long enough to be the main text of a page, with some commas, and so on.";
    const bytes = Buffer.from(
      `<nav><a href=/>Home</a></nav><article><h1>Head</h1><p>\x93${body}\x94</p></article>`,
      "latin1",
    );
    folder.write("a.html", bytes);
    folder.write("b.html", "<nav><a href=/>Home</a></nav>");
    folder.write("c.md", "# Stays\n");
    const response = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"), bytes]);
    const head = `WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: ${response.length}\r\n\r\n`;
    folder.write("d.warc", Buffer.concat([Buffer.from(head), response, Buffer.from("\r\n\r\n")]));
    const { documents, report } = await readAll(folder.path, { mainText: true });
    const page = `# Head\n\n“${body}”`;
    expect(documents.map(({ text }) => text)).toEqual([page, "# Stays\n", page]);
    expect(report.passedOver).toEqual({ "page without main text": 1 });
  });

  it("names a file whose front matter is no YAML, or reads it without", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.md", "---\na: [1\n---\nText.");
    expect((await failure(path)).message).toMatch(/a\.md:1: invalid front matter/);
    expect((await readAll(path, { badInput: "skip" })).documents).toEqual([{ id: path, text: "Text." }]);
  });

  it("reads PDF page by page as pypdf does, and names one that is damaged", async () => {
    const { documents } = await readAll(fixture("report.pdf"));
    expect(documents).toEqual([
      {
        id: fixture("report.pdf"),
        text: collections.pdf.join("\n\n"),
        metadata: { pages: 2, title: "A small report", author: "A. Author" },
      },
    ]);
    const folder = new TemporaryFolder();
    expect((await failure(folder.write("a.pdf", "%PDF-1.4 no more"))).message).toMatch(/a\.pdf: damaged PDF/);
  });
});

describe("customer-support tickets", () => {
  const csv = [
    "ticket_id,author,body,created,subject,product",
    't1,Ann,"It does not start, ""really"".",2024-01-02,Broken,lamp',
    "t2,Bob,Where is it?,2024-01-03,,desk",
    "t1,Support,Is it plugged in?,2024-01-04,Re: Broken,lamp",
    "t1,Ann,First message.,2024-01-01,,lamp",
    ",Nobody,Lost.,2024-01-05,,",
  ].join("\n");
  const tickets = { threadField: "ticket_id", authorField: "author", timeField: "created", subjectField: "subject" };
  const options = { format: "tickets", textField: "body", tickets, badInput: "skip" } as const;
  const joined = [
    {
      id: "t1",
      text: 'Broken\n\nAnn: First message.\n\nAnn: It does not start, "really".\n\nSupport: Is it plugged in?',
      metadata: { product: "lamp", messages: 3, started: "2024-01-01" },
    },
    { id: "t2", text: "Bob: Where is it?", metadata: { product: "desk", messages: 1, started: "2024-01-03" } },
  ];

  it("joins the messages of a thread in their order, from CSV", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("tickets.csv", csv);
    const { documents, report } = await readAll(path, options);
    expect(documents).toEqual(joined);
    expect(report.skipped).toEqual({ "no thread": 1 });
    expect((await failure(path, { ...options, badInput: "error" })).message).toMatch(
      /no thread: message .*"ticket_id", got ""/,
    );
  });

  it("joins from JSON lines too; grouped rows give each thread as it ends", async () => {
    const folder = new TemporaryFolder();
    const rows = [
      { thread: 7, body: "a", at: 20 },
      { thread: 7, body: "b", at: 3 },
      { thread: 8, body: "c", at: 1 },
      { thread: 7, body: "d", at: 1 },
    ];
    const path = folder.write("t.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    const read = async (grouped: boolean) => {
      const tickets = { threadField: "thread", timeField: "at", grouped };
      return (await readAll(path, { format: "tickets", textField: "body", tickets })).documents.map(({ text }) => text);
    };
    expect(await read(false)).toEqual(["d\n\nb\n\na", "c"]);
    expect(await read(true)).toEqual(["b\n\na", "c", "d"]);
    expect((await failure(path, { format: "tickets", textField: "body" })).message).toContain(
      "tickets: expected { threadField",
    );
    expect((await failure(folder.write("t.txt", "x"), { format: "tickets", tickets })).message).toContain(
      "tickets are read from CSV",
    );
  });
});

describe("other encodings", () => {
  it("reads text, JSON lines and CSV in the encoding that is named, and says where bytes are none of it", async () => {
    const folder = new TemporaryFolder();
    const utf16 = folder.write("a.jsonl", Buffer.from('\ufeff{"text":"naïve 😀"}\n{"text":"two"}\n', "utf16le"));
    expect((await readAll(utf16, { encoding: "utf-16le" })).documents.map(({ text }) => text)).toEqual([
      "naïve 😀",
      "two",
    ]);
    const latin = folder.write("b.csv", Buffer.from("text\ncaf\xe9\n", "latin1"));
    expect((await readAll(latin, { encoding: "latin1" })).documents[0]?.text).toBe("café");
    const bad = folder.write("c.txt", Buffer.from([0x41, 0xff, 0xff]));
    expect((await failure(bad, { encoding: "shift_jis" })).message).toMatch(
      /c\.txt: invalid encoding at byte 0: .*shift_jis/,
    );
    expect((await readAll(bad, { encoding: "shift_jis", invalidUtf8: "replace" })).documents[0]?.text).toMatch(
      /^A\ufffd/,
    );
    await expect(readAll(bad, { encoding: "klingon" })).rejects.toThrow(/encoding: expected a label .*"klingon"/);
  });
});
