// A tokenizer's life: train it on a corpus, compare it with published ones on text it has not seen, save it, use it.
// `node … examples/02-tokenizer/main.ts [--small] [--output FOLDER]`.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readDocuments } from "@llm/data";
import { loadTiktoken, loadTokenizer, saveTokenizer, trainByteLevelBpe } from "@llm/tokenizer";
import { shippedCorpus } from "../01-data/corpus.ts";

const { values } = parseArgs({
  options: {
    small: { type: "boolean", default: false },
    output: { type: "string", default: "runs" },
  },
});
const file = join(values.output, "tokenizer", "tokenizer.json");

// 1. Train on nine documents of ten. Documents are streamed; nothing but counts of words is kept.
async function* texts(part: "train" | "heldOut"): AsyncGenerator<string> {
  let place = 0;
  for await (const { text } of readDocuments(shippedCorpus(values), { textDocumentBytes: 8_000 })) {
    if ((place++ % 10 === 0) === (part === "heldOut")) yield text;
  }
}
const trained = await trainByteLevelBpe(texts("train"), {
  vocabularySize: values.small ? 1_000 : 8_000,
  specialTokens: ["<|endoftext|>"],
});
await saveTokenizer(trained, file);

// 2. Compare: the fewer tokens for the same text, the more a context holds.
const tokenizers = { trained, gpt2: loadTiktoken("gpt2"), cl100k_base: loadTiktoken("cl100k_base") };
const heldOut: string[] = [];
for await (const text of texts("heldOut")) heldOut.push(text);
const bytes = heldOut.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
console.table(
  Object.entries(tokenizers).map(([name, tokenizer]) => {
    const tokens = heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
    return { name, vocabulary: tokenizer.vocabularySize, tokens, "bytes/token": Number((bytes / tokens).toFixed(2)) };
  }),
);

// 3. Use it: what was saved gives the same ids; a stream of ids never gives half a character.
const tokenizer = await loadTokenizer(file);
const text = "My fellow Americans: 🇺🇸 naïve café 2021.";
const ids = tokenizer.encode(text);
const stream = tokenizer.decodeStream();
const pieces = [...Array.from(ids, (id) => stream.push(id)), stream.end()];
console.log(Array.from(ids, (id) => tokenizer.idToToken(id)).join(" "));
if (pieces.join("") !== text || tokenizer.decode(ids) !== text) throw new Error("the text did not come back");

// 4. Special tokens spelled out in a document are plain text, unless they are allowed.
const forged = "the end<|endoftext|>";
console.log(
  tokenizer.encode(forged).length,
  "ids; with the special token",
  tokenizer.encode(forged, { allowedSpecial: "all" }).length,
);
console.log(`Saved: ${file} (Hugging Face tokenizers and transformers read it)`);
