// A dataset on disk is evaluated as the same tokens in memory are.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTokenShards, writeTokenShards } from "@llm/data";
import { Gpt } from "@llm/model";
import { onnxExecutor } from "@llm/tensor";
import { expect, it, onTestFinished } from "vitest";
import { evaluateBaseline } from "./baselines/baseline.ts";
import { interpolatedNgramModel } from "./baselines/ngram.ts";
import { perplexity } from "./perplexity.ts";

it("takes a TokenDataset of @llm/data, its bytes included", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llm-eval-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const documents = Array.from({ length: 9 }, (_, i) => ({
    id: `${i}`,
    text: `Chapter ${i} of a lóng story. `.repeat(5),
  }));
  async function* stream() {
    yield* documents;
  }
  const encoder = { vocabularySize: 257, encode: (text: string) => Uint32Array.from(new TextEncoder().encode(text)) };
  await writeTokenShards(stream(), { folder, encoder, endOfTextId: 256, tokensPerShard: 300 });
  await using dataset = await openTokenShards(folder);
  const tokens = await dataset.read(0, dataset.tokenCount);
  const byteCount = documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);

  const executor = onnxExecutor({ threads: 1 });
  onTestFinished(() => executor.dispose());
  const model = new Gpt({ vocabularySize: 257, contextLength: 32, layers: 1, heads: 1, width: 8 });
  expect(await perplexity(model, dataset, { executor })).toEqual(
    await perplexity(model, tokens, { byteCount, executor }),
  );
  const ngram = await interpolatedNgramModel(dataset, { vocabularySize: 257, order: 3 });
  expect(await evaluateBaseline(ngram, dataset)).toEqual(await evaluateBaseline(ngram, tokens, { byteCount }));
});
