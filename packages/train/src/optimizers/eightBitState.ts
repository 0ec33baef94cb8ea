// An optimiser whose state takes 8 bits a number instead of 32 (Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization").
import { dequantizeBlockwise, quantizationBlockSize, quantizeBlockwise, type Shape, type Tensor } from "@llm/tensor";
import { filterNamed, mapNamed, type NamedTensors, type Optimizer, type OptimizerState } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { elementCount, zeros } from "./zeros.ts";

export interface EightBitStateOptions {
  /** State of fewer numbers stays float32: it is small, and norms and biases are sensitive. Default 4096, as in bitsandbytes. */
  minimumSize?: number;
}

/** Under the name of a kind of state, codes; under this one, their scales. */
const scalesOf = (kind: string) => `${kind}Scales`;

/**
 * The optimiser with its state in 8 bits: what it keeps is quantised in blocks of 256 numbers after each step, and the step itself is
 * computed in float32. AdamW then takes 2 bytes a weight instead of 8. State whose size is below `minimumSize` or no multiple of 256
 * stays float32. Throws a `TrainError` for a size below 0.
 *
 * @example
 * const optimizer = eightBitState(adamW({ weightDecay: 0.01 }));
 */
export function eightBitState(optimizer: Optimizer, options: EightBitStateOptions = {}): Optimizer {
  const { minimumSize = 4096 } = options;
  checkLimits("eightBitState", { minimumSize: [minimumSize, Infinity] });
  const levels = (kind: string) => (optimizer.neverNegative?.includes(kind) ? "unsigned" : "signed");
  const isQuantized = (_: string, { shape }: Tensor) => {
    const size = elementCount(shape);
    return size >= minimumSize && size % quantizationBlockSize === 0;
  };
  return {
    ...optimizer,
    settings: (parameters) => ({ ...optimizer.settings(parameters), stateBits: 8, minimumSize }),
    initialState: (parameters) => {
      const kinds = Object.entries(optimizer.initialState(parameters));
      return Object.fromEntries(
        kinds.flatMap(([kind, tensors]) => {
          const large = filterNamed(tensors, isQuantized);
          return [
            // With a scale of zero, any code stands for zero.
            [kind, mapNamed(tensors, (tensor, name) => (large[name] ? zeros(tensor.shape, "uint8") : tensor))],
            [scalesOf(kind), mapNamed(large, ({ shape }) => zeros([blocksOf(shape)], "float32"))],
          ];
        }),
      );
    },
    update: ({ state, ...input }) => {
      const kinds = Object.keys(state).filter((kind) => state[scalesOf(kind)]);
      const numbers = Object.fromEntries(
        kinds.map((kind) => [
          kind,
          mapNamed(state[kind]!, (codes, name) => {
            const scales = state[scalesOf(kind)]![name];
            return scales ? dequantizeBlockwise({ codes, scales }, levels(kind)) : codes;
          }),
        ]),
      );
      const updated = optimizer.update({ ...input, state: numbers });
      return { parameters: updated.parameters, state: quantized(updated.state, state) };
    },
  };

  function quantized(numbers: OptimizerState, before: OptimizerState): OptimizerState {
    return Object.fromEntries(
      Object.entries(numbers).flatMap(([kind, tensors]) => {
        const codes: Record<string, Tensor> = {};
        const scales: Record<string, Tensor> = {};
        for (const [name, tensor] of Object.entries(tensors)) {
          const isCoded = before[scalesOf(kind)]![name] !== undefined;
          const made = isCoded ? quantizeBlockwise(tensor, levels(kind)) : undefined;
          codes[name] = made?.codes ?? tensor;
          if (made) scales[name] = made.scales;
        }
        return [
          [kind, codes as NamedTensors],
          [scalesOf(kind), scales as NamedTensors],
        ];
      }),
    );
  }
}

function blocksOf(shape: Shape): number {
  return elementCount(shape) / quantizationBlockSize;
}
