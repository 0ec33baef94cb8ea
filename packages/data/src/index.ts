// The public names of @llm/data.

export { type AugmentOptions, augment } from "./augment/augment.ts";
export { type BackTranslateOptions, backTranslate } from "./augment/backTranslate.ts";
export {
  readOpenMultilingualWordnet,
  readThesaurus,
  type Synonyms,
  synonymGroups,
} from "./augment/synonyms.ts";
export type { AugmentOperation } from "./augment/textAugmentation.ts";
export { cachedTranslator, openTranslationCache, type TranslationCache } from "./augment/translationCache.ts";
export {
  type OpenAiTranslatorOptions,
  openAiTranslator,
  type TranslationDirection,
  type Translator,
} from "./augment/translator.ts";
export { openWordNet, type WordNetOptions } from "./augment/wordNet.ts";
export { type ExampleBatchOptions, exampleBatches } from "./batches/exampleBatches.ts";
export type { ExampleSource } from "./batches/examples.ts";
export {
  type JsonlExamples,
  openJsonlExamples,
  type ParseExample,
  readJsonlExamples,
} from "./batches/jsonlExamples.ts";
export {
  batchesInTurn,
  type MixtureOptions,
  mixBatches,
  type TaskBatch,
  type TaskStreams,
} from "./batches/mixBatches.ts";
export type { Batch, BatchOptions, BatchPosition, BatchStream } from "./batchStream.ts";
export { type ChunkOptions, chunk, chunkText, type TextChunk } from "./chunkText.ts";
export type { InvalidUtf8Policy } from "./decodeText.ts";
export {
  findRepeatedSpans,
  type RemoveSpansOptions,
  type RepeatedSpanOptions,
  RepeatedSpans,
  removeRepeatedSpans,
  type SpanPart,
} from "./dedup/repeatedSpans.ts";
export type { TextUnit } from "./dedup/textUnits.ts";
export { type DeduplicateOptions, deduplicate } from "./deduplicate.ts";
export type { Document, Step, StepContext } from "./document.ts";
export { DataError, FileError, type FilePlace, FormatError } from "./errors.ts";
export { type FilterLengthOptions, filterLength } from "./filterLength.ts";
export {
  type BoilerplateOptions,
  findSiteLines,
  removeBoilerplateLines,
  type SiteLineOptions,
  SiteLines,
} from "./filters/boilerplateLines.ts";
export {
  type BadWordsOptions,
  type C4Options,
  type C4ParagraphOptions,
  filterBadWords,
  filterC4,
  filterC4Paragraphs,
} from "./filters/c4.ts";
export { type EmojiPolicy, replaceEmoji, treatEmoji } from "./filters/emoji.ts";
export { countSentences, splitWords } from "./filters/englishTokenizer.ts";
export { type FineWebQualityOptions, filterFineWebQuality } from "./filters/fineWebQuality.ts";
export { filterGopherQuality, type GopherQualityOptions } from "./filters/gopherQuality.ts";
export { filterGopherRepetition, type GopherRepetitionOptions, type NGramLimit } from "./filters/gopherRepetition.ts";
export { type InvisibleOptions, removeInvisible, withoutInvisible } from "./filters/invisibleCharacters.ts";
export { Minhasher, type MinhashOptions } from "./filters/minhash.ts";
export { dropNearDuplicates, findNearDuplicates, type NearDuplicates } from "./filters/nearDuplicates.ts";
export { maskPersonalData, type PersonalDataOptions, personalDataMask } from "./filters/personalData.ts";
export { type RepairOptions, repairText, repairUnicode } from "./filters/repairUnicode.ts";
export { filterToxicity, type ToxicityOptions, toxicityLanguages } from "./filters/toxicity.ts";
export type { WordAssociation } from "./groups/groupContexts.ts";
export { type Group, type GroupLexicon, groupLexicons, mergeLexicons } from "./groups/groupLexicon.ts";
export { GroupFinder, type GroupMention, type LexiconOptions } from "./groups/groupMentions.ts";
export {
  type GroupReport,
  type GroupReportOptions,
  type GroupStatistics,
  measureGroups,
  type WordLists,
} from "./groups/groupReport.ts";
export { occupations } from "./groups/lexicons/occupations.ts";
export { type GroupRepresentation, type RepresentationReport, representationReport } from "./groups/representation.ts";
export { SentimentScorer, sentimentLanguages, sentimentWords } from "./groups/sentiment.ts";
export { decodeHtml } from "./html/decodeHtml.ts";
export { extractMainText, type MainTextOptions, mainText } from "./html/mainText.ts";
export type { Input, InputFile, InputLocation } from "./inputFile.ts";
export type { Matrix, ProbabilityRows } from "./labels/checkLabels.ts";
export {
  type ConfidentJoint,
  type ConfidentJointOptions,
  confidentJoint,
  confidentThresholds,
} from "./labels/confidentJoint.ts";
export { type CrossValidationOptions, crossValidatedProbabilities, type Fold } from "./labels/crossValidate.ts";
export {
  findLabelIssues,
  type LabelIssue,
  type LabelIssueFilter,
  type LabelIssueOptions,
} from "./labels/findLabelIssues.ts";
export { estimateLabelNoise, type LabelNoise } from "./labels/labelNoise.ts";
export { type LabelQualityMethod, type LabelQualityOptions, labelQualityScores } from "./labels/labelQuality.ts";
export {
  findMultiLabelIssues,
  type LabelLists,
  type MultiLabelIssue,
  type MultiLabelIssueOptions,
  multiLabelQualityScores,
} from "./labels/multiLabel.ts";
export { filterLanguage, type LanguageOptions } from "./language/filterLanguage.ts";
export { languageClassifier } from "./language/languageModel.ts";
export { type LanguageQuota, type LimitLanguagesOptions, limitLanguages } from "./language/limitLanguages.ts";
export { type NormalizeOptions, normalize, normalizeText } from "./normalize.ts";
export {
  type PackedBatch,
  type PackedSequence,
  type PackingOptions,
  packSequences,
  stackSequences,
  type TokenizedExample,
} from "./packing.ts";
export { packLengths } from "./packingBins.ts";
export {
  type Count,
  type Pipeline,
  type PipelineOptions,
  type PipelineReport,
  pipeline,
  type StepReport,
} from "./pipeline.ts";
export { type Progress, type ProgressBar, type ProgressBarOptions, progressBar } from "./progressBar.ts";
export { CharacterModel, trainCharacterModel } from "./quality/characterModel.ts";
export { englishCharacterModel, filterGibberish, type GibberishOptions } from "./quality/filterGibberish.ts";
export { filterQuality, type QualityOptions } from "./quality/filterQuality.ts";
export { type LabelScore, TextClassifier } from "./quality/textClassifier.ts";
export { type LabelledText, type TrainClassifierOptions, trainTextClassifier } from "./quality/trainTextClassifier.ts";
export { type DocumentSource, readDocuments } from "./readDocuments.ts";
export { type DataReportOptions, dataReport } from "./report/dataReport.ts";
export {
  type BalanceOptions,
  type BalanceResult,
  balanceWeights,
  type TargetShares,
} from "./sampling/balanceWeights.ts";
export {
  type DocumentMixture,
  type MixDocumentsOptions,
  type MixedSource,
  type MixedSourcePosition,
  type MixedSourceReport,
  type MixturePosition,
  mixDocuments,
} from "./sampling/mixDocuments.ts";
export { type MixedBatch, type MixedDataset, mixTokenDatasets } from "./sampling/mixTokenDatasets.ts";
export { type ResampleOptions, resample } from "./sampling/resample.ts";
export { type SamplingOptions, type SamplingShare, samplingShares } from "./sampling/samplingShares.ts";
export {
  type DeduplicateShardsOptions,
  type DeduplicationStage,
  deduplicateShards,
  type ShardDeduplication,
} from "./scale/deduplicateShards.ts";
export type { DuplicateSummary } from "./scale/duplicateFiles.ts";
export type { PipelineModule, ShardContext } from "./scale/pipelineModule.ts";
export { type ProcessShardsOptions, processShards } from "./scale/processShards.ts";
export type { ShardFailure } from "./scale/shardMarker.ts";
export {
  type ShardRunOptions,
  type ShardRunProgress,
  type ShardStatus,
  shardStatus,
  verifyShards,
} from "./scale/shardRun.ts";
export { rankFromEnvironment, type WorkerRank } from "./scale/workerRank.ts";
export {
  readShardIndex,
  type ShardEntry,
  type ShardIndex,
  type SplitIndex,
  type SplitName,
  type TokenDtype,
} from "./shardIndex.ts";
export type { ByteSource } from "./sources/byteSource.ts";
export {
  type CommonCrawlFilesOptions,
  type CommonCrawlOptions,
  type CommonCrawlPagesOptions,
  commonCrawlFiles,
  commonCrawlPages,
} from "./sources/commonCrawl.ts";
export type { Compression } from "./sources/compression.ts";
export type { CsvOptions } from "./sources/csvDocuments.ts";
export type { DocumentFormat } from "./sources/documentFormat.ts";
export type { HttpOptions } from "./sources/httpConnection.ts";
export type { HubOptions } from "./sources/hubFiles.ts";
export { type LatexOptions, latexToPlain } from "./sources/latex.ts";
export { detectLicense } from "./sources/licenses.ts";
export { pileSubsets } from "./sources/pileDocuments.ts";
export type { SourcePosition, SourceReport } from "./sources/reading.ts";
export type { Checkpoint, ReadOptions, ReadProgress } from "./sources/readOptions.ts";
export type { RepositoryOptions } from "./sources/repositoryDocuments.ts";
export type { S3Credentials, S3Options } from "./sources/s3Files.ts";
export type { TicketOptions } from "./sources/ticketDocuments.ts";
export { type WikitextOptions, wikitextToPlain } from "./sources/wikitext.ts";
export { type OpenShardsOptions, openTokenShards, type TokenDataset } from "./tokenDataset.ts";
export type { TokenEncoder } from "./tokenEncoder.ts";
export { writeDocuments } from "./writeDocuments.ts";
export { type ShardProgress, type WriteShardsOptions, writeTokenShards } from "./writeTokenShards.ts";
