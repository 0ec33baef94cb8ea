// Public names of `@llm/tokenizer`.
export {
  type ChatMessage,
  type ChatRenderOptions,
  ChatTemplate,
  type EncodedChat,
} from "./chatTemplate.ts";
export { type FindChatTemplateOptions, findChatTemplate, loadChatTemplate } from "./chatTemplateFiles.ts";
export type { Encoding } from "./encoding.ts";
export { FormatError, TokenizerError } from "./errors.ts";
export { loadTokenizer, saveTokenizer } from "./files.ts";
export type { Padding } from "./padding.ts";
export type { PatternName } from "./patterns.ts";
export { loadTiktoken, type TiktokenEncoding } from "./tiktoken.ts";
export type {
  AllowedSpecial,
  DecodeOptions,
  DecodeStream,
  EncodeOptions,
  OffsetOptions,
  OffsetTokenizer,
  TextInput,
  Tokenizer,
} from "./tokenizer.ts";
export type { TokenizerJson } from "./tokenizerDefinition.ts";
export { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";
export {
  type BpeTrainingOptions,
  type BpeTrainingProgress,
  type MergingProgress,
  trainByteLevelBpe,
} from "./trainBpe.ts";
export type { CountingProgress, TextFiles, TrainingTexts } from "./trainingTexts.ts";
export { trainUnigram, type UnigramTrainingOptions, type UnigramTrainingProgress } from "./trainUnigram.ts";
export { trainWordPiece, type WordPieceTrainingOptions } from "./trainWordPiece.ts";
export type { Truncation } from "./truncation.ts";
