// OpenAI's encodings, from the ranks that the `tiktoken` package ships, encoded by our own fast encoder.

import { createRequire } from "node:module";
import { byteLevelShell, specialToken } from "./byteLevelShell.ts";
import { ByteLevelTokenizer } from "./byteLevelTokenizer.ts";
import { TokenizerError } from "./errors.ts";
import { PieceMerger } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import { cutterFor, type PatternName, patterns } from "./patterns.ts";
import { plainPostProcessor } from "./postProcessors.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { Vocabulary } from "./vocabulary.ts";

/** The encodings that {@link loadTiktoken} knows. */
export type TiktokenEncoding = "gpt2" | "cl100k_base" | "o200k_base";

interface EncodingData {
  readonly pat_str: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  /** Lines of `! <first rank> <token> <token> …`, tokens in base64. */
  readonly bpe_ranks: string;
}

const patternOf: Readonly<Record<TiktokenEncoding, PatternName>> = {
  gpt2: "gpt2",
  cl100k_base: "cl100k",
  o200k_base: "o200k",
};

/**
 * An encoding of OpenAI's models, with ids equal to the `tiktoken` package's: `gpt2`, `cl100k_base` (GPT-4), `o200k_base`
 * (GPT-4o and later). The ranks are read from that package on the first call only.
 *
 * @throws TokenizerError for another name
 * @example
 * const tokenizer = loadTiktoken("o200k_base");
 * tokenizer.encode("hello").length;
 */
export function loadTiktoken(encoding: TiktokenEncoding): OffsetTokenizer {
  const name = patternOf[encoding];
  if (!name) {
    throw new TokenizerError(
      `loadTiktoken: "${encoding}" is no known encoding (use ${Object.keys(patternOf).join(", ")})`,
    );
  }
  const require = createRequire(import.meta.url);
  const data = require(`tiktoken/encoders/${encoding}.json`) as EncodingData;
  const pattern = patterns[name];
  if (data.pat_str !== pattern) {
    throw new TokenizerError(
      `loadTiktoken: the installed tiktoken has another pattern for ${encoding} (install tiktoken 1.0.x)`,
    );
  }
  const vocabulary = readRanks(data.bpe_ranks);
  return new ByteLevelTokenizer({
    tables: {
      vocabulary,
      merges: deriveMerges(vocabulary),
      ignoreMerges: true,
      unknownId: undefined,
      fuseUnknown: false,
    },
    addedTokens: Object.entries(data.special_tokens).map(([content, id]) => specialToken(content, id)),
    normalize: undefined,
    preTokenizer: { steps: [], cutter: cutterFor(pattern)! },
    postProcessor: plainPostProcessor,
    shell: byteLevelShell(pattern),
  });
}

function readRanks(ranks: string): Vocabulary {
  const vocabulary = new Vocabulary();
  for (const line of ranks.split("\n")) {
    const [, first, ...tokens] = line.split(" ");
    for (const [offset, token] of tokens.entries()) {
      vocabulary.addBytes(Uint16Array.from(Buffer.from(token, "base64")), Number(first) + offset);
    }
  }
  return vocabulary;
}

/**
 * tiktoken merges any two neighbours whose bytes together are a token, lowest rank first; a rank is the token's id. Within the
 * bytes of a token the merges are the same in every text that comes to have it, so that one pair per token is enough: what the
 * merges of lower rank make of it.
 */
function deriveMerges(vocabulary: Vocabulary): PairTable {
  const merges = new PairTable(vocabulary.size);
  const merger = new PieceMerger(merges);
  for (let id = 0; id < vocabulary.size; id++) {
    const bytes = vocabulary.bytesOf(id);
    if (!(bytes instanceof Uint16Array) || bytes.length < 2) continue;
    const symbols = Int32Array.from(bytes, (_, at) => vocabulary.idOfBytes(bytes, at, at + 1));
    if (merger.mergeWithHeap(symbols, symbols.length) === 2) merges.set(symbols[0]!, symbols[1]!, id, id);
    else setAllHalves(vocabulary, bytes, id, merges);
  }
  return merges;
}

/** For a token that needs merges of higher rank than its own: each place where both halves are tokens. */
function setAllHalves(vocabulary: Vocabulary, bytes: Uint16Array, id: number, merges: PairTable): void {
  for (let cut = 1; cut < bytes.length; cut++) {
    const left = vocabulary.idOfBytes(bytes, 0, cut);
    const right = left < 0 ? -1 : vocabulary.idOfBytes(bytes, cut, bytes.length);
    if (right >= 0) merges.set(left, right, id, id);
  }
}
