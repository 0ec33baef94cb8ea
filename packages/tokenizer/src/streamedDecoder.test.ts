import { describe, expect, it } from "vitest";
import { FormatError, TokenizerError } from "./errors.ts";
import { seededRandom } from "./testing/fixtures.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { parseTokenizerJson } from "./tokenizerJson.ts";

const steps: readonly object[] = [
  { type: "BPEDecoder", suffix: "</w>" },
  { type: "ByteFallback" },
  { type: "ByteLevel" },
  { type: "CTC", pad_token: "<pad>", word_delimiter_token: "|", cleanup: true },
  { type: "Fuse" },
  { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  { type: "Replace", pattern: { String: "▁" }, content: " " },
  { type: "Replace", pattern: { String: "ab" }, content: "c" },
  { type: "Strip", content: " ", start: 1, stop: 0 },
  { type: "WordPiece", prefix: "##", cleanup: true },
];
const tokens = [
  ...["a", "b", "▁a", "##b", "<0xE4>", "<0xB8>", "<0xAD>", "<pad>", "|", ".", "n't", "Ġa", "a</w>", " ", "▁"],
  ...["ä", "¸", "Ń", "do", "'", "Ġnot"],
];

function tokenizerWith(decoders: readonly object[]): OffsetTokenizer {
  const vocabulary = [["<unk>", 0], ...tokens.map((token) => [token, -1])];
  return parseTokenizerJson({
    ...{ version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null },
    ...{ post_processor: null, decoder: { type: "Sequence", decoders } },
    model: { type: "Unigram", unk_id: 0, vocab: vocabulary, byte_fallback: false },
  });
}

describe("decodeStream of tokenizers on characters", () => {
  it("gives what decode gives, or refuses the decoder", () => {
    const random = seededRandom(8);
    const chains = steps.flatMap((first) => steps.flatMap((second) => [[first, second], ...three(first, second)]));
    let refused = 0;
    for (const chain of chains) {
      const tokenizer = tokenizerWith(chain);
      for (let round = 0; round < 15; round++) {
        const ids = Array.from(
          { length: 1 + Math.floor(random() * 7) },
          () => 1 + Math.floor(random() * tokens.length),
        );
        const streamed = streamedText(tokenizer, ids);
        if (streamed === undefined) refused++;
        else expect(streamed).toBe(tokenizer.decode(ids));
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan((chains.length * 15) / 2);
  });

  it("takes the decoder of Llama 2", () => {
    const tokenizer = tokenizerWith([steps[6]!, steps[1]!, steps[4]!, steps[8]!]);
    expect(streamedText(tokenizer, [3, 5, 6, 7, 3])).toBe("a中 a");
  });

  it("says which steps do not go together", () => {
    const tokenizer = tokenizerWith([steps[9]!, steps[2]!, steps[3]!]);
    expect(() => tokenizer.decodeStream()).toThrow(
      "decodeStream: the decoder has CTC behind ByteLevel, whose text can change with any later token (collect the ids and",
    );
    expect(() => tokenizer.decodeStream()).toThrow(TokenizerError);
  });
});

/** Chains of three that start with a Replace, which most files do. */
function three(first: object, second: object): object[][] {
  return [[steps[6]!, first, second]];
}

/** Undefined where the decoder is refused. */
function streamedText(tokenizer: OffsetTokenizer, ids: readonly number[]): string | undefined {
  try {
    const stream = tokenizer.decodeStream();
    return ids.map((id) => stream.push(id)).join("") + stream.end();
  } catch (error) {
    if (!TokenizerError.isInstance(error)) throw error;
    return undefined;
  }
}

it("errors are told apart by their class", () => {
  expect(FormatError.isInstance(new TokenizerError("x"))).toBe(false);
  expect(TokenizerError.isInstance(new FormatError("x"))).toBe(true);
  expect(TokenizerError.isInstance(new RangeError("x"))).toBe(false);
});
