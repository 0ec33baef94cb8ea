// Writes a program as an ONNX file for other runtimes: names from the tree of arguments, named dimensions, metadata, and the weights
// inside or in one file beside it. The elements are read and written one tensor at a time.
import { createRequire } from "node:module";
import { basename } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { bindWeights, isRecordedCall, shortNames, type Weight } from "./bindWeights.ts";
import { byteSize, type DType } from "./dtype.ts";
import { FormatError, TensorError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import {
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "./executors/onnx/onnx_pb.js";
import { buildOnnxModel } from "./executors/onnx/onnxModel.ts";
import { bytesOf, writeFully } from "./fileBytes.ts";
import type { Program, Shape, Tensor } from "./graph.ts";
import { onnxDataType } from "./ops/onnxDataType.ts";
import type { RecordedCall } from "./recordCall.ts";
import { replaceFile } from "./replaceFile.ts";
import { concreteCount } from "./shape.ts";

/** Names and layout of an exported ONNX file. */
export interface ExportOnnxOptions {
  /** Arguments (by position) whose tensors go into the file as weights. Default: the `constants` of the compiled function. */
  readonly constants?: readonly number[];
  /** Names of inputs by the path of the tensor in the arguments: `{ "1": "input_ids" }`. Default: the path. */
  readonly inputNames?: Readonly<Record<string, string>>;
  /** Names of outputs by the path of the tensor in the result; `""` is a result that is a tensor. Default: the path, or `output`. */
  readonly outputNames?: Readonly<Record<string, string>>;
  /** Ops of ONNX Runtime (`com.microsoft`, the default) where they are faster, or `"standard"`: those of ONNX only. */
  readonly opset?: "com.microsoft" | "standard";
  /**
   * Weights in a file of their own, `<name>.data` beside the model, aligned to 4096 bytes so that it can be mapped.
   * Default: only where the model would be larger than the 2 GB that an ONNX file can have.
   */
  readonly externalData?: boolean;
  /** Free text by key. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Version of the model, a whole number. Default 0: none. */
  readonly version?: number;
  /** What the model is, for people. */
  readonly description?: string;
}

/** An input or output of an ONNX file. */
export interface OnnxFileTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What was written. */
export interface OnnxFile {
  readonly inputs: readonly OnnxFileTensor[];
  readonly outputs: readonly OnnxFileTensor[];
  /** Paths of the files: the model, and its external data where it has some. */
  readonly files: readonly string[];
}

/** A protobuf message cannot be larger. */
const largestModel = 2 ** 31 - 1;
const alignment = 4096;
/** Smaller ones stay in the model, where shape inference sees them. */
const smallestExternal = 1024;

/** A tensor of the file, and where its bytes come from. */
interface Initializer {
  readonly proto: TensorProto;
  readonly byteLength: number;
  readonly read: () => Promise<Uint8Array>;
}

/**
 * Writes an ONNX file (IR 10, opset 21) of a program, or of a call of a compiled function with the weights that it reads. Inputs keep
 * their dtypes and the names of their dimensions; bfloat16 stays bfloat16. The files appear whole or not at all.
 *
 * @throws {TensorError} for two inputs or outputs of one name, a name for a path that is not there, or `constants` without an argument.
 * @throws {FormatError} if `externalData` is false and the model is larger than 2 GB.
 * @throws {UnsupportedOpError} for an op without a lowering.
 *
 * @example
 * const forward = compile((model: Gpt, inputIds: Tensor) => ({ logits: model.forward(inputIds) }), {
 *   constants: [0],
 *   dynamic: { "1": ["batch", "sequence"] },
 * });
 * await exportOnnx(forward.record(model, inputIds), "gpt.onnx", { inputNames: { "1": "input_ids" } });
 */
export async function exportOnnx(
  source: Program | RecordedCall,
  path: string,
  options: ExportOnnxOptions = {},
): Promise<OnnxFile> {
  const bound = isRecordedCall(source)
    ? bindWeights(source, options.constants ?? source.constants)
    : withoutWeights(source, options);
  const { program, weights, inputs, outputs } = bound;
  const taken = new Set<string>();
  const inputNames = namesOf(inputs, { role: "input", defaults: inputDefaults, chosen: options.inputNames, taken });
  const outputNames = namesOf(outputs, {
    role: "output",
    defaults: outputDefaults,
    chosen: options.outputNames,
    taken,
  });
  const weightNames = weights.map(({ name }) => freeName(name, "weight", taken));
  const { model } = buildOnnxModel(program, {
    inputNames: [...weightNames, ...inputNames],
    outputNames,
    standardOps: options.opset === "standard",
  });
  const graph = model.graph!;
  graph.input = graph.input.slice(weights.length);
  describeModel(model, options);
  const initializers = [
    ...weights.map((weight, i) => weightInitializer(weightNames[i]!, weight)),
    ...graph.initializer.map(literalInitializer),
  ];
  const files = await writeModel(path, model, initializers, options.externalData);
  const typed = (names: readonly string[]) => (list: readonly { readonly tensor: Tensor }[]) =>
    list.map(({ tensor: { dtype, shape } }, i): OnnxFileTensor => ({ name: names[i]!, dtype, shape }));
  return { inputs: typed(inputNames)(inputs), outputs: typed(outputNames)(outputs), files };
}

function withoutWeights(program: Program, { constants }: ExportOnnxOptions) {
  if (constants) {
    throw new TensorError("exportOnnx: constants are those of a call (pass `compiled.record(…)`, not its program)");
  }
  const named = program.inputs.map((tensor) => ({ path: String(tensor.node.attributes.name), tensor }));
  const numbered = program.outputs.map((tensor, i) => ({ path: program.outputs.length > 1 ? String(i) : "", tensor }));
  return { program, weights: [], inputs: named, outputs: numbered };
}

function inputDefaults(paths: readonly string[]): string[] {
  const onlyTensor = paths.length === 1 && !paths[0]!.includes(".");
  return shortNames(paths).map((name) => (/^\d+$/.test(name) ? (onlyTensor ? "input" : `input.${name}`) : name));
}

function outputDefaults(paths: readonly string[]): string[] {
  return paths.map((path) => (path === "" ? "output" : /^\d/.test(path) ? `output.${path}` : path));
}

interface Naming {
  readonly role: "input" | "output";
  readonly defaults: (paths: readonly string[]) => string[];
  /** The caller's names by path. */
  readonly chosen: Readonly<Record<string, string>> | undefined;
  /** Names in use; those given are added. */
  readonly taken: Set<string>;
}

/** A name for each path, the caller's where there is one. */
function namesOf(list: readonly { readonly path: string }[], { role, defaults, chosen = {}, taken }: Naming): string[] {
  const paths = list.map(({ path }) => path);
  const unknown = Object.keys(chosen).find((path) => !paths.includes(path));
  if (unknown !== undefined) {
    const known = paths.map((path) => `"${path}"`).join(", ");
    throw new TensorError(`exportOnnx: a name for "${unknown}", but the tensors are at ${known}`);
  }
  for (const name of Object.values(chosen)) {
    if (taken.has(name)) throw new TensorError(`exportOnnx: two tensors named "${name}"`);
    taken.add(name);
  }
  const usual = defaults(paths);
  return paths.map((path, i) => chosen[path] ?? freeName(usual[i]!, role, taken));
}

/** The name, or one made from it where another value has it: `output.state.weight` for state that goes in and out. */
function freeName(wanted: string, role: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 1; taken.has(name); i++) name = i === 1 ? `${role}.${wanted}` : `${role}.${wanted}.${i}`;
  taken.add(name);
  return name;
}

function describeModel(model: ModelProto, { metadata = {}, version = 0, description = "" }: ExportOnnxOptions): void {
  model.producerVersion = (createRequire(import.meta.url)("../package.json") as { version: string }).version;
  model.modelVersion = BigInt(version);
  model.docString = description;
  model.metadataProps = entries(metadata);
}

function entries(record: Readonly<Record<string, string>>) {
  return Object.entries(record).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

function weightInitializer(name: string, { tensor }: Weight): Initializer {
  const { dtype, shape } = tensor;
  const dims = (shape as readonly number[]).map(BigInt);
  return {
    proto: create(TensorProtoSchema, { name, dataType: onnxDataType[dtype], dims }),
    byteLength: concreteCount(shape as readonly number[]) * byteSize(dtype),
    read: async () => bytesOf((await (await evaluate(tensor)).read()).data),
  };
}

function literalInitializer(proto: TensorProto): Initializer {
  const bytes = proto.rawData;
  return { proto, byteLength: bytes.byteLength, read: async () => bytes };
}

/** Writes the model with its initializers; returns the paths of the files. */
async function writeModel(
  path: string,
  model: ModelProto,
  initializers: readonly Initializer[],
  externalData: boolean | undefined,
): Promise<string[]> {
  const graph = model.graph!;
  graph.initializer = [];
  const total = initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  // Room for the names and sizes of the tensors.
  const whole = total + 256 * initializers.length + toBinary(ModelProtoSchema, model).byteLength;
  if (externalData === false && whole > largestModel) {
    throw new FormatError(
      `exportOnnx: ${path} would take ${whole} bytes, and an ONNX file holds ${largestModel} (leave externalData out)`,
    );
  }
  const isExternal = externalData ?? whole > largestModel;
  const outside = initializers.filter(({ byteLength }) => isExternal && byteLength >= smallestExternal);
  for (const { proto, read, byteLength } of initializers) {
    if (!isExternal || byteLength < smallestExternal) proto.rawData = await read();
    graph.initializer.push(proto);
  }
  if (outside.length === 0) {
    await replaceFile(path, (file) => writeFully(file, toBinary(ModelProtoSchema, model), 0));
    return [path];
  }
  const dataPath = `${path}.data`;
  const offsets = placeExternally(outside, basename(dataPath));
  await replaceFile(path, async (file) => {
    await writeFully(file, toBinary(ModelProtoSchema, model), 0);
    // The two are renamed one right after the other, the data first.
    await replaceFile(dataPath, async (data) => {
      for (const [i, { read }] of outside.entries()) await writeFully(data, await read(), offsets[i]!);
    });
  });
  return [path, dataPath];
}

/** Says in each tensor where its bytes are in the file `location`; returns the offsets. */
function placeExternally(outside: readonly Initializer[], location: string): number[] {
  let end = 0;
  return outside.map(({ proto, byteLength }) => {
    const offset = alignment * Math.ceil(end / alignment);
    end = offset + byteLength;
    proto.rawData = new Uint8Array();
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
    proto.externalData = entries({ location, offset: String(offset), length: String(byteLength) });
    return offset;
  });
}
