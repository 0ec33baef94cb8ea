// The reference executor: plain TypeScript, slow and obvious. It defines what every op means.
import { fromNumbers, toNumbers } from "../dtype.ts";
import type { Program, Tensor } from "../graph.ts";
import { makeProgram } from "../program.ts";
import { expandFused } from "../rewrite.ts";
import type { HostArray } from "../storage.ts";
import { bindDimensions } from "./bind.ts";
import type { DeviceBuffer, Executable, Executor } from "./executor.ts";
import { allocate, type Elements, evaluateNode, type FloatPrecision } from "./kernel.ts";
import { nodeError } from "./nodeError.ts";

class ReferenceBuffer implements DeviceBuffer {
  readonly elements: Elements;

  constructor(elements: Elements) {
    this.elements = elements;
  }

  get dtype() {
    return this.elements.type.dtype;
  }

  get shape() {
    return this.elements.type.shape;
  }
}

/**
 * An executor in plain TypeScript. `precision: "float64"` computes float32 programs in double precision.
 *
 * @example
 * const step = compile((x: Tensor) => x.square().sum(), { executor: referenceExecutor({ precision: "float64" }) });
 */
export function referenceExecutor(options: { precision?: FloatPrecision } = {}): Executor {
  const precision = options.precision ?? "float32";
  const toBuffer = ({ dtype, shape, data }: HostArray) => {
    const numbers = allocate(dtype, data.length, precision);
    numbers.set(toNumbers(dtype, data));
    return new ReferenceBuffer({ type: { dtype, shape }, data: numbers });
  };
  return {
    name: "reference",
    compile: async (program) => executable(program, precision, toBuffer),
    upload: async (array) => toBuffer(array),
    read: async (buffer) => {
      const { type, data } = (buffer as ReferenceBuffer).elements;
      return { ...type, data: fromNumbers(type.dtype, data) };
    },
    release: () => {},
    dispose: async () => {},
  };
}

function executable(
  program: Program,
  precision: FloatPrecision,
  toBuffer: (array: HostArray) => ReferenceBuffer,
): Executable {
  const expanded = makeProgram(
    program.inputs,
    expandFused(program.outputs, () => false),
  );
  return {
    run: async (inputs) => {
      const buffers = inputs.map((input) => (input instanceof ReferenceBuffer ? input : toBuffer(input as HostArray)));
      const sizes = bindDimensions(program, buffers);
      const values = new Map<Tensor, Elements>(program.inputs.map((input, i) => [input, buffers[i]!.elements]));
      for (const node of expanded.nodes) {
        try {
          const results = evaluateNode(
            node,
            node.inputs.map((input) => values.get(input)!),
            sizes,
            precision,
          );
          for (const [i, output] of node.outputs.entries()) values.set(output, results[i]!);
        } catch (error) {
          throw nodeError(node, error);
        }
      }
      return expanded.outputs.map((output) => new ReferenceBuffer(values.get(output)!));
    },
    dispose: () => {},
  };
}
