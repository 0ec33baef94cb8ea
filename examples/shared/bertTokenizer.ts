// A tokenizer for a BERT: byte-level BPE that writes [CLS] text [SEP], and [CLS] first [SEP] second [SEP] for pairs.
import { type OffsetTokenizer, parseTokenizerJson, toTokenizerJson, trainByteLevelBpe } from "@llm/tokenizer";

export async function trainBertTokenizer(texts: readonly string[], vocabularySize: number): Promise<OffsetTokenizer> {
  const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const tokenizer = await trainByteLevelBpe(texts, { vocabularySize, specialTokens });
  const frame = { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] };
  // A token's place in the text is without the space before it.
  const trim = { type: "ByteLevel", trim_offsets: true, add_prefix_space: false };
  const processors = { type: "Sequence", processors: [frame, trim] };
  return parseTokenizerJson({ ...toTokenizerJson(tokenizer), post_processor: processors });
}
