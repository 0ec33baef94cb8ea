// The part of TensorFlow.js's API (`@tensorflow/tfjs-core`) that lowerings call, as types of our own: its types would have to be
// installed by everybody who uses this package. A test holds them against TensorFlow.js's.

export type TensorFlowDType = "float32" | "int32" | "bool";

export interface TensorFlowTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly rank: number;
  /** The elements, which may be the tensor's own array: not to be written to. */
  dataSync(): Float32Array | Int32Array | Uint8Array;
  data(): Promise<Float32Array | Int32Array | Uint8Array>;
  clone(): TensorFlowTensor;
  dispose(): void;
}

/** Functions from tensors to a tensor. */
interface Unary<T> {
  abs(x: T): T;
  clone(x: T): T;
  cos(x: T): T;
  erf(x: T): T;
  exp(x: T): T;
  floor(x: T): T;
  isNaN(x: T): T;
  log(x: T): T;
  logSoftmax(x: T): T;
  logicalNot(x: T): T;
  neg(x: T): T;
  round(x: T): T;
  sigmoid(x: T): T;
  sign(x: T): T;
  sin(x: T): T;
  softmax(x: T): T;
  sqrt(x: T): T;
  tanh(x: T): T;
}

interface Binary<T> {
  add(a: T, b: T): T;
  div(a: T, b: T): T;
  equal(a: T, b: T): T;
  floorDiv(a: T, b: T): T;
  less(a: T, b: T): T;
  lessEqual(a: T, b: T): T;
  logicalAnd(a: T, b: T): T;
  logicalOr(a: T, b: T): T;
  maximum(a: T, b: T): T;
  minimum(a: T, b: T): T;
  mod(a: T, b: T): T;
  mul(a: T, b: T): T;
  pow(a: T, b: T): T;
  sub(a: T, b: T): T;
}

/** Names of the functions of one or two tensors. */
export type TensorFunction = keyof Unary<unknown> | keyof Binary<unknown>;

export interface TensorFlow<T = TensorFlowTensor> extends Unary<T>, Binary<T> {
  argMax(x: T, axis: number): T;
  broadcastTo(x: T, shape: number[]): T;
  cast(x: T, dtype: TensorFlowDType): T;
  concat(tensors: T[], axis: number): T;
  cumsum(x: T, axis: number, exclusive: boolean, reverse: boolean): T;
  gather(x: T, indices: T): T;
  matMul(a: T, b: T, transposeA: boolean, transposeB: boolean): T;
  max(x: T, axes: number[], keepDims: boolean): T;
  pad(x: T, paddings: [before: number, after: number][]): T;
  range(start: number, stop: number, step: number, dtype: "int32"): T;
  reshape(x: T, shape: number[]): T;
  scalar(value: number, dtype?: TensorFlowDType): T;
  /** Updates of equal places add up. */
  scatterND(indices: T, updates: T, shape: number[]): T;
  slice(x: T, begin: number[], size: number[]): T;
  split(x: T, sizes: number[], axis: number): T[];
  sum(x: T, axes: number[], keepDims: boolean): T;
  tensor(values: Float32Array | Int32Array | Uint8Array, shape: number[], dtype: TensorFlowDType): T;
  topk(x: T, k: number): { values: T; indices: T };
  transpose(x: T, permutation: number[]): T;
  where(condition: T, whenTrue: T, whenFalse: T): T;
  zeros(shape: number[], dtype: TensorFlowDType): T;

  env(): { getBool(name: string): boolean; set(name: string, value: boolean): void };
  memory(): { numTensors: number; numBytes: number };
  ready(): Promise<void>;
  /** Disposes the tensors made inside that are not returned. */
  tidy<Result extends T | T[]>(compute: () => Result): Result;
}
