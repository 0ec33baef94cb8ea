// The parts of a definition that all byte-level tokenizers made here (trained, or from tiktoken) have in common.
import type { AddedToken } from "./addedTokens.ts";
import { patterns } from "./patterns.ts";
import type { TokenizerShell } from "./tokenizerDefinition.ts";

/** A special token without flags: recognised in the text as it came, white space left alone. */
export function specialToken(content: string, id: number): AddedToken {
  return { id, content, singleWord: false, leftStrip: false, rightStrip: false, normalized: false, special: true };
}

/** The `tokenizer.json` around a byte-level model that cuts texts by `pattern`. */
export function byteLevelShell(pattern: string): TokenizerShell {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  const preTokenizer =
    pattern === patterns.gpt2
      ? { ...byteLevel, use_regex: true }
      : {
          type: "Sequence",
          pretokenizers: [
            { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
            { ...byteLevel, use_regex: false },
          ],
        };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
}
