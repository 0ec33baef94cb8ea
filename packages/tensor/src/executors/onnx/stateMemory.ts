// The memory of a session's update kernels: each array has its place there, state stays in place from run to run, and ONNX Runtime
// reads and writes the same bytes.
/// <reference path="../../wasm/webAssembly.d.ts" />
import type * as Ort from "onnxruntime-node";
import { concreteCount } from "../../shape.ts";
import { type CompiledKernel, instantiateKernel } from "../../wasm/simdKernel.ts";
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
      const bytes = group.reduce((total, index) => total + regionBytes(plans[index]!), 0);
      const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
      const compiled = new Map<string, CompiledKernel>();
      let next = 0;
      return group.map((index) => {
        const plan = plans[index]!;
        const key = JSON.stringify(plan.kernel);
        const run = compiled.get(key) ?? instantiateKernel(plan.kernel, memory);
        compiled.set(key, run);
        const places = plan.arrays.map((): Place => {
          const address = next;
          next += arrayBytes(plan);
          const view = new Float32Array(memory.buffer, address, concreteCount(plan.shape));
          return { address, tensor: new ort.Tensor("float32", view, plan.shape) };
        });
        return { plan, bytes: 16 * Math.ceil(concreteCount(plan.shape) / 4), places, run };
      });
    });
  }

  /** Moves a buffer to a place, unless it lives there; returns the bytes moved. Whoever lived there keeps a copy. */
  static settle(ort: typeof Ort, place: Place, buffer: RuntimeBuffer): number {
    const { owner } = place;
    if (owner === buffer) return 0;
    const room = place.tensor.data as Float32Array;
    if (owner) {
      owner.tensor = new ort.Tensor("float32", room.slice(), place.tensor.dims as number[]);
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

function arrayBytes({ shape }: KernelPlan): number {
  return alignment * Math.ceil((4 * concreteCount(shape)) / alignment);
}

function regionBytes(plan: KernelPlan): number {
  return plan.arrays.length * arrayBytes(plan);
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
