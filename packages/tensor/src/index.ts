// The public names of @llm/tensor.
import "./fluent.ts";

export { checkProgram } from "./checkProgram.ts";
export { type CompiledFunction, type CompileOptions, type CompileTimes, compile } from "./compile.ts";
export { defaultExecutor, setDefaultExecutor } from "./defaultExecutor.ts";
export type { Dimension } from "./dimension.ts";
export {
  byteSize,
  type DType,
  fromNumbers,
  type HostData,
  hostArray,
  isDType,
  isFloat,
  isInteger,
  toNumbers,
} from "./dtype.ts";
export {
  DisposedError,
  DTypeError,
  ExecutionError,
  FormatError,
  ShapeError,
  TensorError,
  UnsupportedOpError,
} from "./errors.ts";
export { bindDimensions } from "./executors/bind.ts";
export type { DeviceBuffer, Executable, Executor } from "./executors/executor.ts";
export type { GraphicsProcessor } from "./executors/onnx/graphicsProcessors.ts";
export { type OnnxModel, onnxModel } from "./executors/onnx/onnxModel.ts";
export type { OnnxProvider, ProviderStatus } from "./executors/onnx/providers.ts";
export { type OnnxOptions, onnxExecutor } from "./executors/onnx.ts";
export { referenceExecutor } from "./executors/reference.ts";
export {
  type ExportOnnxOptions,
  exportOnnx,
  type OnnxFile,
  type OnnxFileTensor,
} from "./exportOnnx.ts";
export { logSigmoid, relu, silu, softplus } from "./functional/activations.ts";
export { type AttentionOptions, attention, attentionWithCache } from "./functional/attention.ts";
export { squeeze, stack, unsqueeze } from "./functional/axes.ts";
export { type FillOptions, full, oneHot, ones, tril, triu, zeros } from "./functional/create.ts";
export { dropout } from "./functional/dropout.ts";
export { einsum } from "./functional/einsum.ts";
export { embedding } from "./functional/embedding.ts";
export { all, any, isFinite, notEqual } from "./functional/logic.ts";
export { type CrossEntropyOptions, crossEntropy } from "./functional/losses.ts";
export { argMin, argSort, clamp, min, type SortOptions, sort } from "./functional/order.ts";
export { logSumExp, mean, square, type VarianceOptions, variance } from "./functional/statistics.ts";
export { gelu } from "./fused/gelu.ts";
export { layerNorm, type NormOptions, rmsNorm } from "./fused/norms.ts";
export type { QuantizationLevels } from "./fused/quantizationLevels.ts";
export {
  type BlockwiseQuantized,
  dequantizeBlockwise,
  quantizationBlockSize,
  quantizeBlockwise,
} from "./fused/quantizeBlockwise.ts";
export { quantizedMatmul } from "./fused/quantizedMatmul.ts";
export { rotateHalves } from "./fused/rotateHalves.ts";
export { scan } from "./fused/scan.ts";
export { logSoftmax, softmax } from "./fused/softmax.ts";
export { sumOfSquares } from "./fused/sumOfSquares.ts";
export { type Differentiable, gradients, valueAndGrad } from "./grad.ts";
export { type Node, type Program, type Shape, Tensor, type TensorType } from "./graph.ts";
export {
  describeMachine,
  type InstalledPackage,
  inspectMachine,
  listProviders,
  type Machine,
} from "./inspectMachine.ts";
export { type Precision, precisions, withPrecision } from "./mixedPrecision.ts";
export { broadcastTo, type ReduceOptions, sum } from "./ops/broadcast.ts";
export { constant, iota, lazyTensor, type Operand, placeholder, tensor } from "./ops/create.ts";
export {
  abs,
  add,
  bitwiseXor,
  cast,
  ceil,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  greater,
  greaterOrEqual,
  isNaN,
  less,
  lessOrEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  round,
  shiftRight,
  sigmoid,
  sign,
  sin,
  sqrt,
  stopGradient,
  sub,
  tanh,
  where,
} from "./ops/elementwise.ts";
export { gather, gatherElements, scatterAdd, scatterElementsAdd, updateSlice } from "./ops/gather.ts";
export { type MatmulOptions, matmul } from "./ops/matmul.ts";
export { concat, pad, reshape, slice, split, transpose } from "./ops/movement.ts";
export { defineFusedOp, defineOp, type OpDefinition } from "./ops/op.ts";
export { argMax, cumulativeSum, max, topK } from "./ops/reduce.ts";
export { optimize } from "./optimize.ts";
export { describeOrigin } from "./origin.ts";
export { printProgram } from "./print.ts";
export { makeProgram } from "./program.ts";
export { type ProgramMemory, programMemory } from "./programMemory.ts";
export {
  hostRandomBits,
  hostRandomNormal,
  hostRandomUniform,
  RandomKey,
  randomBits,
  randomNormal,
  randomUniform,
} from "./random.ts";
export { parametersFirst, recompute } from "./recompute.ts";
export type { RecordedCall } from "./recordCall.ts";
export { expandFused } from "./rewrite.ts";
export { type LoadedProgram, type LoadProgramOptions, loadProgram, saveProgram } from "./savedProgram.ts";
export type { HostArray } from "./storage.ts";
export { flattenTensors, mapTensors, type NamedTensor } from "./tree.ts";
