// The public names of @llm/train.
export type { Callback } from "./callbacks.ts";
export { findCheckpoint, listCheckpoints, type RunPosition } from "./checkpoint.ts";
export type { EarlyStoppingOptions } from "./earlyStopping.ts";
export type { EmaOptions } from "./ema.ts";
export { DivergedError, TrainError } from "./errors.ts";
export { type EvaluateModelOptions, evaluateModel } from "./evaluateModel.ts";
export type { EvaluationResult } from "./evaluation.ts";
export type { MetricChoice } from "./evaluationMetric.ts";
export type {
  BestEvaluation,
  CheckpointEvent,
  EvaluationEvent,
  ResumeEvent,
  RollBackEvent,
  StepEvent,
  TrainEvent,
  TrainResult,
} from "./events.ts";
export { clipByGlobalNorm, clipByValue, type GradientClipping, globalNorm } from "./gradientClipping.ts";
export { type HubFolderOptions, writeHubFolder } from "./hub/hubFolder.ts";
export type { ModelCardOptions } from "./hub/modelCard.ts";
export { type PushToHubOptions, pushToHub } from "./hub/pushToHub.ts";
export { type LayerWiseOptions, layerWiseLearningRates } from "./layerWiseLearningRates.ts";
export { findLearningRate, type LearningRateCurve, type LearningRateFinderOptions } from "./learningRateFinder.ts";
export { type LearningRatesByNameOptions, learningRatesByName } from "./learningRatesByName.ts";
export { type LiveViewOptions, liveView } from "./liveView.ts";
export type { LossScalingOptions, LossScalingReport } from "./lossScaling.ts";
export { type AnswerOptions, scoreAnswer } from "./objectives/answerScores.ts";
export { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
export type { DecoderModel } from "./objectives/decoderModel.ts";
export { type DistillationOptions, distillation } from "./objectives/distillation.ts";
export type { SequencePair } from "./objectives/encoderDecoder.ts";
export {
  extractiveQuestionAnswering,
  type QuestionAnsweringOptions,
} from "./objectives/extractiveQuestionAnswering.ts";
export { type ChatExample, type ChatRow, instructionTuning } from "./objectives/instructionTuning.ts";
export type { LogitsObjective, Targets } from "./objectives/logitsObjective.ts";
export {
  type MaskedLanguageModelOptions,
  type MaskedModel,
  maskedLanguageModel,
  type TokenRows,
} from "./objectives/maskedLanguageModel.ts";
export { type MultiLabelText, multiLabelClassification } from "./objectives/multiLabelClassification.ts";
export type { Draw, Objective, PreparedBatch, Scorer, StreamLimits, SummedLoss } from "./objectives/objective.ts";
export { packExamples } from "./objectives/packExamples.ts";
export type { PaddingOptions } from "./objectives/padding.ts";
export { type PreferenceOptions, preferenceOptimization } from "./objectives/preferenceOptimization.ts";
export { type Preference, scorePreferences } from "./objectives/preferences.ts";
export {
  type Answer,
  type PairEncoding,
  type PairTokenizer,
  type Question,
  type QuestionWindow,
  questionWindows,
  type WindowOptions,
} from "./objectives/questionWindows.ts";
export {
  type LabelledText,
  sequenceClassification,
  sequenceRegression,
} from "./objectives/sequenceClassification.ts";
export { sequenceToSequence } from "./objectives/sequenceToSequence.ts";
export {
  type NoiseOptions,
  type SpanCorruptionOptions,
  spanCorruption,
  spanCorruptionLengths,
} from "./objectives/spanCorruption.ts";
export { type TaskObjectives, taskMixture } from "./objectives/taskMixture.ts";
export type { EncoderLimits, EncoderModel, TextExample } from "./objectives/textExamples.ts";
export {
  type LabelledTokens,
  labelsOfTokens,
  type TextPlace,
  type TokenClassificationOptions,
  tokenClassification,
} from "./objectives/tokenClassification.ts";
export type { TokenVocabulary } from "./objectives/tokenVocabulary.ts";
export { type AdafactorOptions, adafactor } from "./optimizers/adafactor.ts";
export { type AdamWOptions, adamW } from "./optimizers/adamw.ts";
export { describeNames } from "./optimizers/describeNames.ts";
export { type EightBitStateOptions, eightBitState } from "./optimizers/eightBitState.ts";
export { type LionOptions, lion } from "./optimizers/lion.ts";
export { type MuonOptions, muon } from "./optimizers/muon.ts";
export type {
  NamedTensors,
  Optimizer,
  OptimizerState,
  ParameterPredicate,
  UpdateInput,
} from "./optimizers/optimizer.ts";
export type { OrthogonalMomentumOptions } from "./optimizers/orthogonalMomentum.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export type { WeightDecayOptions } from "./optimizers/weightDecay.ts";
export { type ParameterGroup, parameterGroups } from "./parameterGroups.ts";
export { type ProgressBarOptions, progressBar } from "./progressBar.ts";
export type { RollBackOptions } from "./rollBack.ts";
export type { ChangeableSetting } from "./runSettings.ts";
export {
  type CosineOptions,
  constantSchedule,
  cosineSchedule,
  type DecayOptions,
  type InverseSquareRootOptions,
  inverseSquareRootSchedule,
  linearSchedule,
  type PolynomialOptions,
  polynomialSchedule,
  type Schedule,
  type ScheduleOptions,
  type WarmupStableDecayOptions,
  warmupStableDecaySchedule,
} from "./schedules.ts";
export { csvTracker } from "./trackers/csv.ts";
export { jsonLinesTracker } from "./trackers/jsonLines.ts";
export { type MlflowOptions, mlflowTracker } from "./trackers/mlflow.ts";
export type { MlflowServer } from "./trackers/mlflowClient.ts";
export { tensorBoardTracker } from "./trackers/tensorBoard.ts";
export type { RunEnd, RunInformation, Tracker } from "./trackers/tracker.ts";
export { type WandbOptions, wandbTracker } from "./trackers/wandb.ts";
export { type RunOptions, Trainer, type TrainerOptions } from "./trainer.ts";
export type { TrainState } from "./trainState.ts";
export { type MicroBatch, type StepOptions, type StepResult, TrainStep } from "./trainStep.ts";
