// The memory of a session's update kernels: each array has its place there, state stays in place from run to run, and ONNX Runtime
// reads and writes the same bytes.
/// <reference path="../../wasm/webAssembly.d.ts" />
import type * as Ort from "onnxruntime-node";
import { quantizationBlockSize } from "../../fused/quantizeBlockwise.ts";
import { concreteCount } from "../../shape.ts";
import { blockwiseBytes, fillTables } from "../../wasm/blockwise.ts";
import { type ArrayFormat, type CompiledKernel, instantiateKernel } from "../../wasm/simdKernel.ts";
import type { KernelPlan } from "./protocol.ts";

/** A tensor that the runtime holds; bfloat16 is kept as float32. `place` is where it lives, if that is a kernel's memory. */
export interface RuntimeBuffer {
  tensor: Ort.Tensor;
  readonly bfloat16: boolean;
  place?: Place | undefined;
  onFreed?: () => void;
}

/** Room for one array. Its `tensor` is a view of that room. */
interface Place {
  readonly address: number;
  readonly tensor: Ort.Tensor;
  /** The buffer that has its elements here. */
  owner?: RuntimeBuffer | undefined;
}

interface PlacedKernel {
  readonly plan: KernelPlan;
  readonly bytes: number;
  readonly places: readonly Place[];
  readonly run: CompiledKernel;
}

const pageBytes = 65536;
const alignment = 64;
/** WebAssembly addresses 4 GiB; smaller memories are easier to get. */
const largestMemory = 2 ** 31;

export class StateMemory {
  readonly kernels: readonly PlacedKernel[];

  constructor(ort: typeof Ort, plans: readonly KernelPlan[]) {
    this.kernels = groupByMemory(plans).flatMap((group) => {
      const withTables = group.some((index) => hasCodes(plans[index]!));
      let next = withTables ? blockwiseBytes : 0;
      const bytes = group.reduce((total, index) => total + regionBytes(plans[index]!), next);
      const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
      if (withTables) fillTables(memory);
      const compiled = new Map<string, CompiledKernel>();
      return group.map((index) => {
        const plan = plans[index]!;
        const key = JSON.stringify(plan.kernel);
        const run = compiled.get(key) ?? instantiateKernel(plan.kernel, memory);
        compiled.set(key, run);
        const places = plan.kernel.arrays.map((format): Place => {
          const address = next;
          next += arrayBytes(plan, format);
          return { address, tensor: viewOf(ort, memory, address, { shape: plan.shape, format }) };
        });
        return { plan, bytes: 16 * Math.ceil(concreteCount(plan.shape) / 4), places, run };
      });
    });
  }

  /** Moves a buffer to a place, unless it lives there; returns the bytes moved. Whoever lived there keeps a copy. */
  static settle(ort: typeof Ort, place: Place, buffer: RuntimeBuffer): number {
    const { owner } = place;
    if (owner === buffer) return 0;
    const room = place.tensor.data as Float32Array | Uint8Array;
    if (owner) {
      const { type, dims } = place.tensor;
      owner.tensor = new ort.Tensor(type as "float32", room.slice() as Float32Array, dims as number[]);
      owner.place = undefined;
    }
    room.set(buffer.tensor.data as Float32Array);
    if (buffer.place) buffer.place.owner = undefined;
    buffer.tensor = place.tensor;
    buffer.place = place;
    place.owner = buffer;
    return room.byteLength;
  }
}

function hasCodes({ kernel }: KernelPlan): boolean {
  return kernel.arrays.some((format) => typeof format === "object");
}

function viewOf(
  ort: typeof Ort,
  memory: WebAssembly.Memory,
  address: number,
  { shape, format }: { shape: readonly number[]; format: ArrayFormat },
): Ort.Tensor {
  const count = concreteCount(shape);
  if (typeof format === "object") return new ort.Tensor("uint8", new Uint8Array(memory.buffer, address, count), shape);
  const dims = format === "scales" ? [count / quantizationBlockSize] : shape;
  return new ort.Tensor("float32", new Float32Array(memory.buffer, address, concreteCount(dims)), dims);
}

function arrayBytes({ shape }: KernelPlan, format: ArrayFormat): number {
  const count = concreteCount(shape);
  const bytes = format === "float32" ? 4 * count : format === "scales" ? (4 * count) / quantizationBlockSize : count;
  return alignment * Math.ceil(bytes / alignment);
}

function regionBytes(plan: KernelPlan): number {
  return plan.kernel.arrays.reduce((total, format) => total + arrayBytes(plan, format), 0);
}

/** Kernels by number, in groups that fit into one memory each. */
function groupByMemory(plans: readonly KernelPlan[]): number[][] {
  const groups: number[][] = [];
  let room = 0;
  for (const [index, plan] of plans.entries()) {
    const bytes = regionBytes(plan);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = largestMemory;
    }
    groups.at(-1)!.push(index);
    room -= bytes;
  }
  return groups;
}
