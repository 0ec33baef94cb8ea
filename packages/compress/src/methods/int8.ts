// INT8 with dynamic activations: the weights of linear layers as signed 8-bit numbers with a scale per output column, their inputs
// rounded to unsigned 8-bit numbers when they come. Embeddings, norms and biases stay in float32, and so does the output layer
// where it is the token embedding.
import {
  type FloatLinear,
  namedParameters,
  type PretrainedModel,
  QuantizedLinear,
  replaceLinears,
  TransposedLinear,
} from "@llm/model";
import { byteSize, type Tensor, tensor } from "@llm/tensor";
import { CompressionError } from "../errors.ts";
import type { CompressionMethod, CompressionPlan, PlannedLayer } from "../method.ts";
import { quantizeColumns } from "../quantizeColumns.ts";

/** Options of `int8` and `quantizeInt8`. */
export interface Int8Options {
  /**
   * Bits that weights use: 7 (-64 to 64) or 8 (-127 to 127). Default 7: on x86 processors without VNNI instructions (among
   * them all before 2019 and AMD's before Zen 4) ONNX Runtime's fast kernel adds pairs of products in 16 bits, which 8-bit
   * weights overflow, silently; 7-bit weights never do (what its documentation calls `reduce_range`). With 8 our executor takes a
   * slower kernel that does not overflow; export such models only for processors known to have VNNI, and for ARM.
   */
  readonly weightBits?: 7 | 8;
}

const levelsOf: Record<number, number> = { 7: 64, 8: 127 };

/** The method as an object, for `compare`. */
export function int8(options: Int8Options = {}): CompressionMethod {
  const { weightBits = 7 } = options;
  const levels = levelsOf[weightBits];
  if (levels === undefined) throw new CompressionError(`int8: weightBits must be 7 or 8, got ${weightBits}`);
  return {
    name: "int8-dynamic",
    plan: planInt8,
    apply: (model) => applyInt8(model, levels),
  };
}

/**
 * A model whose linear layers are `QuantizedLinear`: a quarter of their size, and on two or more rows at a time several times
 * their speed. It is saved, loaded and run like any other; the given model stays as it is.
 * @throws CompressionError for a model without linear layers, one that is quantised already, or weights that are not finite.
 *
 * @example
 * const small = await quantizeInt8(model);
 * await saveModel(small, "runs/small-int8");
 */
export function quantizeInt8<M extends PretrainedModel>(model: M, options: Int8Options = {}): Promise<M> {
  return int8(options).apply(model);
}

function planInt8(model: PretrainedModel): CompressionPlan {
  const layers = linearLayers(model).map(([path, { weight, size }]): PlannedLayer => {
    const [inputs, outputs] = size;
    const bytesAfter = inputs * outputs + outputs * byteSize("float32");
    return { path, shape: size, bytesBefore: bytesOf(weight), bytesAfter };
  });
  const changed = new Set(layers.map(({ path }) => `${path}.weight`));
  const all = [...namedParameters(model)].map(([path, parameter]) => ({ path, bytes: bytesOf(parameter) }));
  const unchanged = all.filter(({ path }) => !changed.has(path)).sort((a, b) => b.bytes - a.bytes);
  const bytesBefore = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const saved = layers.reduce((sum, layer) => sum + layer.bytesBefore - layer.bytesAfter, 0);
  return { method: "int8-dynamic", layers, unchanged, bytesBefore, bytesAfter: bytesBefore - saved };
}

async function applyInt8<M extends PretrainedModel>(model: M, levels: number): Promise<M> {
  const quantized = new Map<string, QuantizedLinear>();
  for (const [path, layer] of linearLayers(model)) {
    const { size, bias } = layer;
    const [inputs, outputs] = size;
    const stored = (await layer.weight.data()) as Float32Array;
    const weight = layer instanceof TransposedLinear ? transpose(stored, inputs) : stored; // [in, out]
    const { values, scales } = quantizeColumns(`int8: ${path}.weight`, weight, { columns: outputs, levels });
    quantized.set(path, new QuantizedLinear(tensor(values, { shape: size }), tensor(scales), bias));
  }
  return replaceLinears(model, (_, path) => quantized.get(path));
}

/** The transpose of a matrix stored in rows of `columns` numbers. */
function transpose(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = matrix[row * columns + column]!;
  }
  return turned;
}

/** The layers to quantise with their paths. */
function linearLayers(model: PretrainedModel): [string, FloatLinear][] {
  const parameters = [...namedParameters(model).keys()];
  const quantized = parameters.find((path) => path.endsWith(".weight_scale"));
  if (quantized !== undefined) {
    throw new CompressionError(
      `int8: expected a model in float, but it is quantised already: it has ${quantized} (quantise the model it was made from)`,
    );
  }
  const layers: [string, FloatLinear][] = [];
  replaceLinears(model, (layer, path) => {
    layers.push([path, layer]);
    return layer;
  });
  if (layers.length === 0) throw new CompressionError("int8: the model has no linear layer to quantise");
  return layers;
}

function bytesOf({ dtype, shape }: Tensor): number {
  return (shape as readonly number[]).reduce((a, b) => a * b, 1) * byteSize(dtype);
}
