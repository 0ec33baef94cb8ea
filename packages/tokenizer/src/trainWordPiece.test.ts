import { describe, expect, it } from "vitest";
import { readFixture } from "./testing/fixtures.ts";
import { toTokenizerJson } from "./tokenizerJson.ts";
import { trainWordPiece, type WordPieceTrainingOptions } from "./trainWordPiece.ts";

const corpus = readFixture<string[]>("corpus.json");

/** What tools/fixtures/tokenizer_training.py wrote. */
interface TrainingCase {
  readonly options: {
    readonly vocab_size: number;
    readonly min_frequency: number;
    readonly lowercase?: boolean;
    readonly initial_alphabet?: string[];
    readonly limit_alphabet?: number;
    readonly continuing_subword_prefix?: string;
  };
  readonly specialTokens: string[];
  readonly ordered: string[];
  readonly sizes: [least: number, most: number];
  readonly always: string[];
  readonly sometimes: string[];
}

const cases = readFixture<TrainingCase[]>("wordpiece.training.json");

function optionsOf({ options }: TrainingCase): WordPieceTrainingOptions {
  return {
    vocabularySize: options.vocab_size,
    minFrequency: options.min_frequency,
    lowercase: options.lowercase ?? true,
    initialAlphabet: options.initial_alphabet ?? [],
    limitAlphabet: options.limit_alphabet ?? Number.POSITIVE_INFINITY,
    continuingPrefix: options.continuing_subword_prefix ?? "##",
  };
}

async function tokensOf(options: WordPieceTrainingOptions): Promise<string[]> {
  const tokenizer = await trainWordPiece(corpus, options);
  return Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.idToToken(id)!);
}

describe("trainWordPiece", () => {
  it.each(cases)(
    "gives the ids of Hugging Face's trainer where they are the same in every run: $options",
    async (one) => {
      expect(await tokensOf({ ...optionsOf(one), specialTokens: one.specialTokens })).toEqual(one.ordered);
    },
  );

  it.each(cases)("differs from a run of Hugging Face's trainer only where its runs differ: $options", async (one) => {
    const tokens = await tokensOf(optionsOf(one));
    expect(tokens.length).toBeGreaterThanOrEqual(one.sizes[0]);
    expect(tokens.length).toBeLessThanOrEqual(one.sizes[1]);
    expect(tokens).toEqual(expect.arrayContaining(one.always));
    expect([...one.always, ...one.sometimes]).toEqual(expect.arrayContaining(tokens));
  });

  it("makes BERT's tokenizer", async () => {
    const tokenizer = await trainWordPiece(corpus, { vocabularySize: 900 });
    const { tokens, typeIds } = tokenizer.encodeWithOffsets(["The PEOPLE", "of"]);
    expect(tokens).toEqual(["[CLS]", "the", "people", "[SEP]", "of", "[SEP]"]);
    expect([...typeIds]).toEqual([0, 0, 0, 0, 1, 1]);
    expect(tokenizer.decode(tokenizer.encode("The PEOPLE of"), { skipSpecialTokens: true })).toBe("the people of");
  });

  it("takes components as tokenizer.json has them", async () => {
    const preTokenizer = { type: "WhitespaceSplit" };
    const tokenizer = await trainWordPiece(["a-b A-B a-b"], {
      ...{
        vocabularySize: 100,
        normalizer: null,
        preTokenizer,
        postProcessor: null,
        specialTokens: ["?"],
        unknownToken: "?",
      },
    });
    expect(tokenizer.encodeWithOffsets("a-b A-").tokens).toEqual(["a-b", "A", "##-"]);
    expect(toTokenizerJson(tokenizer)).toMatchObject({ normalizer: null, pre_tokenizer: preTokenizer });
  });

  it("keeps tokens shorter than asked", async () => {
    const tokens = await tokensOf({ vocabularySize: 1000, maxTokenLength: 5, specialTokens: ["[UNK]"] });
    const lengths = tokens.slice(1).map((token) => token.replace(/^##/, "").length);
    expect(Math.max(...lengths)).toBe(4);
  });

  it("does not depend on the order of the texts", async () => {
    const options = { vocabularySize: 600, minFrequency: 0 };
    const forwards = toTokenizerJson(await trainWordPiece(corpus, options));
    expect(toTokenizerJson(await trainWordPiece(corpus.toReversed(), options))).toEqual(forwards);
  });

  it.each<[string, unknown, Partial<Record<keyof WordPieceTrainingOptions, unknown>>, string]>([
    ["no texts", [], {}, "trainWordPiece: expected some text to train on, got 0 texts"],
    ["white space", [" ", "\n"], {}, "got 2 texts without any"],
    ["a vocabulary below the alphabet", corpus, { vocabularySize: 50 }, "vocabularySize 50 does not hold the"],
    ["a fractional vocabulary", corpus, { vocabularySize: 0.5 }, "got 0.5"],
    ["a missing unknown token", corpus, { unknownToken: "<unk>" }, 'unknownToken "<unk>" must be one of specialTokens'],
    ["special tokens twice", corpus, { specialTokens: ["[UNK]", "[UNK]"] }, "must be different"],
    ["an empty alphabet", corpus, { limitAlphabet: 0 }, "limitAlphabet at least 1"],
    ["an unknown normalizer", corpus, { normalizer: { type: "Other" } }, 'normalizer.type: "Other"'],
  ])("refuses %s", async (_name, texts, options, message) => {
    const all = { vocabularySize: 400, ...options } as WordPieceTrainingOptions;
    await expect(trainWordPiece(texts as string[], all)).rejects.toThrow(message);
  });
});
