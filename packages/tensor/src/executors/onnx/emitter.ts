// Collects the nodes and constants of an ONNX graph: what the lowerings of the ops write to.
import { create } from "@bufbuild/protobuf";
import { type Dimension, dimensionTerms, isName } from "../../dimension.ts";
import { type DType, fromNumbers, type HostData } from "../../dtype.ts";
import { ShapeError, UnsupportedOpError } from "../../errors.ts";
import type { Node, Program, Shape, Tensor } from "../../graph.ts";
import { onnxDataType } from "../../ops/onnxDataType.ts";
import type { OnnxAttribute, OnnxEmitter } from "../../ops/op.ts";
import { makeProgram } from "../../program.ts";
import { expandFused } from "../../rewrite.ts";
import { isConcrete } from "../../shape.ts";
import type { AttributeProto, NodeProto, TensorProto } from "./onnx_pb.js";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from "./onnx_pb.js";
import { valueInfo } from "./valueInfo.ts";

type Options = { readonly domain?: "com.microsoft" };

/** Writes nodes to an emitter and adds the names of their values to `names`; returns the node behind each prefix. */
export type LowerNodes = (
  emitter: GraphEmitter,
  nodes: readonly Node[],
  names: Map<Tensor, string>,
) => ReadonlyMap<string, Node>;

export interface EmitterOptions {
  /** ONNX's own ops only. */
  readonly standardOps: boolean;
  /** See `OnnxEmitter`. */
  readonly waitsByShape: boolean;
  /** Names that values of the graph have from elsewhere. */
  readonly taken: ReadonlySet<string>;
  readonly lowerNodes: LowerNodes;
  /** Put before the names of a graph inside another: it sees that one's names and may not use them again. */
  readonly scope?: string;
}

export class GraphEmitter implements OnnxEmitter {
  readonly nodeProtos: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** Name put before those of the nodes that are added, so that an error of the runtime can be traced to the op. */
  prefix = "";
  readonly #constants = new Map<string, string>();
  readonly #sizes = new Map<string, { input: string; axis: number }>();
  readonly #dimensions = new Map<string, string>();
  readonly options: EmitterOptions;
  readonly standardOps: boolean;
  readonly waitsByShape: boolean;
  readonly scope: string;
  /** The nodes of graphs inside this one. */
  readonly innerOrigins = new Map<string, Node>();
  #values = 0;

  constructor(options: EmitterOptions) {
    this.options = options;
    this.scope = options.scope ?? "";
    this.standardOps = options.standardOps;
    this.waitsByShape = options.waitsByShape;
  }

  /** Makes the sizes of an input known under the names in its shape. */
  bindInput(name: string, tensor: Tensor): void {
    for (const [axis, dimension] of tensor.shape.entries()) {
      if (isName(dimension) && !this.#sizes.has(dimension)) this.#sizes.set(dimension, { input: name, axis });
    }
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    options: Options = {},
  ): string {
    return this.nodes(opType, inputs, 1, attributes, options)[0]!;
  }

  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    options: Options = {},
  ): string[] {
    if (this.standardOps && options.domain) {
      throw new UnsupportedOpError(`${this.prefix}: ${opType} of ${options.domain} is not one of ONNX's own ops`);
    }
    const names = Array.from({ length: outputs }, () => this.#free(`v${this.#values++}`));
    this.nodeProtos.push(
      create(NodeProtoSchema, {
        name: `${this.prefix}/${this.nodeProtos.length}`,
        opType,
        domain: options.domain ?? "",
        input: [...inputs],
        output: names,
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      }),
    );
    return names;
  }

  constant(dtype: DType, values: readonly number[] | HostData, shape: readonly number[]): string {
    const data = ArrayBuffer.isView(values) ? values : fromNumbers(dtype, values);
    const key =
      data.length <= 16
        ? `${dtype}[${shape}]${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1")}`
        : undefined;
    const known = key && this.#constants.get(key);
    if (known) return known;
    const name = this.#free(`c${this.initializers.length}`);
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: onnxDataType[dtype],
        dims: shape.map(BigInt),
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      }),
    );
    if (key) this.#constants.set(key, name);
    return name;
  }

  #free(name: string): string {
    const scoped = `${this.scope}${name}`;
    return this.options.taken.has(scoped) ? this.#free(`_${name}`) : scoped;
  }

  scan(program: Program, inputs: readonly string[], counts: { carried: number; stacked: number }): readonly string[] {
    const body = makeProgram(
      program.inputs,
      expandFused(program.outputs, (node) => node.op.onnx !== undefined),
    );
    const inner = new GraphEmitter({ ...this.options, scope: `${this.prefix}_` });
    const own = body.inputs.slice(0, counts.carried + counts.stacked);
    const names = new Map(
      body.inputs.map((input, i) => [input, i < own.length ? `${inner.scope}input.${i}` : inputs[i]!]),
    );
    for (const [input, name] of names) inner.bindInput(name, input);
    const origins = this.options.lowerNodes(inner, body.nodes, names);
    for (const [prefix, node] of [...origins, ...inner.innerOrigins]) this.innerOrigins.set(prefix, node);
    inner.prefix = `${inner.scope}output`;
    const results = inner.results(body.outputs.map((output) => names.get(output)!));
    const outputs = this.nodes("Scan", inputs.slice(0, own.length), body.outputs.length, {
      num_scan_inputs: { int: counts.stacked },
    });
    const graph = create(GraphProtoSchema, {
      name: inner.scope,
      node: inner.nodeProtos,
      initializer: inner.initializers,
      input: own.map((input) => valueInfo(names.get(input)!, input)),
      output: body.outputs.map((output, i) => valueInfo(results[i]!, output)),
    });
    const { attribute } = this.nodeProtos.at(-1)!;
    attribute.push(create(AttributeProtoSchema, { name: "body", g: graph, type: AttributeProto_AttributeType.GRAPH }));
    return outputs;
  }

  /** Names under which values can leave the graph: each once, and none that is an input, a constant or of a graph around this one. */
  results(values: readonly string[]): string[] {
    const computed = new Set(this.nodeProtos.flatMap(({ output }) => output));
    return values.map((value) => (computed.delete(value) ? value : this.node("Identity", [value])));
  }

  dimensions(shape: Shape): string {
    if (isConcrete(shape)) return this.constant("int64", shape, [shape.length]);
    const sizes = shape.map((dimension) => this.#dimension(dimension));
    return sizes.length === 1 ? sizes[0]! : this.node("Concat", sizes, { axis: { int: 0 } });
  }

  /** A dimension as an int64 vector of one element. */
  #dimension(dimension: Dimension): string {
    if (typeof dimension === "number") return this.constant("int64", [dimension], [1]);
    const known = this.#dimensions.get(dimension);
    if (known) return known;
    const terms = dimensionTerms(dimension).map(({ coefficient, names }) => {
      const factors = names.map((name) => this.#size(name, dimension));
      if (coefficient !== 1 || factors.length === 0) factors.unshift(this.constant("int64", [coefficient], [1]));
      return factors.reduce((a, b) => this.node("Mul", [a, b]));
    });
    const name = terms.reduce((a, b) => this.node("Add", [a, b]));
    this.#dimensions.set(dimension, name);
    return name;
  }

  #size(name: string, dimension: string): string {
    const known = this.#dimensions.get(name);
    if (known) return known;
    const place = this.#sizes.get(name);
    if (!place) throw new ShapeError(`dimension "${dimension}": no input of the program has an axis "${name}"`);
    const size = this.node("Shape", [place.input], { start: { int: place.axis }, end: { int: place.axis + 1 } });
    this.#dimensions.set(name, size);
    return size;
  }
}

function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, f: value, type: AttributeProto_AttributeType.FLOAT });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      s: new TextEncoder().encode(value),
      type: AttributeProto_AttributeType.STRING,
    });
  }
  if ("int" in value)
    return create(AttributeProtoSchema, { name, i: BigInt(value.int), type: AttributeProto_AttributeType.INT });
  return create(AttributeProtoSchema, { name, ints: value.ints.map(BigInt), type: AttributeProto_AttributeType.INTS });
}
