import { describe, expect, it } from "vitest";
import { readFixture } from "./testing/fixtures.ts";
import { toTokenizerJson } from "./tokenizerJson.ts";
import { trainUnigram, type UnigramTrainingOptions, type UnigramTrainingProgress } from "./trainUnigram.ts";

const corpus = readFixture<string[]>("corpus.json");

/** What tools/fixtures/tokenizer_training.py wrote. */
interface TrainingCase {
  readonly options: {
    readonly vocab_size: number;
    readonly n_sub_iterations?: number;
    readonly shrinking_factor?: number;
    readonly max_piece_length?: number;
    readonly initial_alphabet?: string[];
  };
  readonly vocab: [token: string, score: number][];
}

const cases = readFixture<TrainingCase[]>("unigram.training.json");
const special = 3;

async function vocabularyOf(options: UnigramTrainingOptions): Promise<[string, number][]> {
  const tokenizer = await trainUnigram(corpus, options);
  return (toTokenizerJson(tokenizer).model as { vocab: [string, number][] }).vocab;
}

/** Scores of characters that were pruned and came back: Hugging Face hands them out in the order of a hash table. */
function restoredScores(vocabulary: readonly [string, number][]): number[] {
  const scores = vocabulary.slice(special).map(([, score]) => score);
  const least = Math.min(...scores);
  return scores.filter((score) => Math.abs(score - least) < 0.01).sort((a, b) => a - b);
}

describe("trainUnigram", () => {
  it.each(cases)("learns the tokens and scores of Hugging Face's trainer: $options", async ({ options, vocab }) => {
    const ours = await vocabularyOf({
      vocabularySize: options.vocab_size,
      subIterations: options.n_sub_iterations ?? 2,
      shrinkingFactor: options.shrinking_factor ?? 0.75,
      maxTokenLength: options.max_piece_length ?? 16,
      initialAlphabet: options.initial_alphabet ?? [],
      normalizer: { type: "NFKC" },
    });
    const tokens = (vocabulary: readonly [string, number][]): string[] => vocabulary.map(([token]) => token).sort();
    expect(tokens(ours)).toEqual(tokens(vocab));
    expect(ours.slice(0, special)).toEqual(vocab.slice(0, special));
    const restored = restoredScores(vocab);
    const ourRestored = restoredScores(ours);
    expect(ourRestored.length).toBe(restored.length);
    for (const [index, score] of restored.entries()) expect(ourRestored[index]).toBeCloseTo(score, 8);
    const scores = new Map(ours);
    for (const [token, score] of vocab) {
      if (score > restored.at(-1)! && score !== 0) expect(scores.get(token), token).toBeCloseTo(score, 8);
    }
    // Ids follow falling scores.
    const falling = ours.slice(special).map(([, score]) => score);
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
  });

  it("makes T5's tokenizer", async () => {
    const tokenizer = await trainUnigram(corpus, { vocabularySize: 500 });
    const ids = tokenizer.encode("of the  people");
    expect([...ids].map((id) => tokenizer.idToToken(id)).join("")).toBe("▁of▁the▁people</s>");
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe("of the people");
    expect(tokenizer.idToToken(tokenizer.encode("☃")[1]!)).toBe("<unk>");
  });

  it("reports how the vocabulary shrinks, and can be stopped", async () => {
    const seen: UnigramTrainingProgress[] = [];
    await trainUnigram(corpus, { vocabularySize: 400, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ phase: "pruning", vocabularySize: 400, target: 400 });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(trainUnigram(corpus, { vocabularySize: 400, signal })).rejects.toThrow("enough");
  });

  it("gives fewer tokens where the texts hold no more", async () => {
    const tokenizer = await trainUnigram(["aaaa aaaa"], { vocabularySize: 1000 });
    expect(tokenizer.vocabularySize).toBeLessThan(12);
    expect(tokenizer.decode(tokenizer.encode("aaa"), { skipSpecialTokens: true })).toBe("aaa");
  });

  it("takes a word of a hundred thousand characters", async () => {
    const tokenizer = await trainUnigram(["ab".repeat(50_000)], { vocabularySize: 30 });
    expect(tokenizer.decode(tokenizer.encode("abab"), { skipSpecialTokens: true })).toBe("abab");
  });

  it.each<[string, unknown, Partial<Record<keyof UnigramTrainingOptions, unknown>>, string]>([
    ["no texts", [""], {}, "trainUnigram: expected some text to train on, got 1 texts"],
    ["a vocabulary below the alphabet", corpus, { vocabularySize: 100 }, "vocabularySize 100 does not hold the"],
    ["a shrinking factor of 1", corpus, { shrinkingFactor: 1 }, "shrinkingFactor must be between 0 and 1, got 1"],
    ["no sub-iterations", corpus, { subIterations: 0 }, "subIterations must be a whole number from 1, got 0"],
    ["a missing unknown token", corpus, { unknownToken: "?" }, 'unknownToken "?" must be one of specialTokens'],
  ])("refuses %s", async (_name, texts, options, message) => {
    const all = { vocabularySize: 400, ...options } as UnigramTrainingOptions;
    await expect(trainUnigram(texts as string[], all)).rejects.toThrow(message);
  });
});
