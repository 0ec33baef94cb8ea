// The public names of @llm/eval.
export {
  type BaselineModel,
  type EvaluateBaselineOptions,
  evaluateBaseline,
} from "./baselines/baseline.ts";
export { gzipBitsPerByte } from "./baselines/gzip.ts";
export { interpolatedNgramModel, type NgramOptions } from "./baselines/ngram.ts";
export { uniformModel } from "./baselines/uniform.ts";
export { type UnigramOptions, unigramModel } from "./baselines/unigram.ts";
export { EvaluationError } from "./errors.ts";
export { type EvaluationColumn, type EvaluationRow, type EvaluationTable, evaluationTable } from "./evaluationTable.ts";
export {
  type MultipleChoiceOptions,
  type MultipleChoiceQuestion,
  type MultipleChoiceScore,
  multipleChoice,
  type Share,
  type TextEncoder,
} from "./multipleChoice.ts";
export { type PerplexityOptions, type PerplexityProgress, perplexity } from "./perplexity.ts";
export type { LanguageModelScore } from "./score.ts";
export type { TokenSource, Tokens } from "./tokenSource.ts";
