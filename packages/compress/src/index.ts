// The public names of @llm/compress.

export { type CompareOptions, type Comparison, compare, type ModelMeasurement } from "./compare.ts";
export { comparisonTable } from "./comparisonTable.ts";
export { CompressionError } from "./errors.ts";
export type { CompressionMethod, CompressionPlan, PlannedLayer, UnchangedParameter } from "./method.ts";
export { type Int8Options, int8, quantizeInt8 } from "./methods/int8.ts";
export type { SpeedSamples } from "./speed.ts";
