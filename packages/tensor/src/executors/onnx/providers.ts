// The execution providers of ONNX Runtime: which of them this build has, which work on this machine, and why the others do not.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Ort from "onnxruntime-node";
import { ExecutionError } from "../../errors.ts";
import { placeholder } from "../../ops/create.ts";
import { mul } from "../../ops/elementwise.ts";
import { makeProgram } from "../../program.ts";
import { hasDiscreteGpu, hasNvidiaDriver, onlySoftwareVulkan } from "./graphicsProcessors.ts";
import { onnxModel } from "./onnxModel.ts";

/** What computes: the names are those of ONNX Runtime, with `directml` for its `dml`. */
export type OnnxProvider = "cpu" | "webgpu" | "cuda" | "tensorrt" | "coreml" | "directml";

export const onnxProviders: readonly OnnxProvider[] = ["cpu", "webgpu", "cuda", "tensorrt", "coreml", "directml"];

/** Whether an execution provider of ONNX Runtime works here, and if not, why. */
export interface ProviderStatus {
  readonly name: OnnxProvider;
  /** True if a small program ran on it just now and gave the right numbers. */
  readonly available: boolean;
  /** Why it is not available, and what to do. */
  readonly reason?: string;
  /** What there is to know before choosing it. */
  readonly note?: string;
}

interface ProviderTraits {
  /** ONNX Runtime's name of it. */
  readonly backend: string;
  /** Inputs and outputs can stay in the device's memory between runs. */
  readonly keepsBuffers?: boolean;
  /** Files that must lie beside the binding. */
  readonly libraries?: readonly string[];
  /** What to do where a session on it does not start. */
  readonly advice: string;
}

const cudaLibraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

const traits: Readonly<Record<OnnxProvider, ProviderTraits>> = {
  cpu: { backend: "cpu", advice: "reinstall onnxruntime-node" },
  webgpu: {
    backend: "webgpu",
    keepsBuffers: true,
    advice:
      "install the graphics driver; on Linux it needs libvulkan1 and a Vulkan driver such as the vendor's, or Mesa (22 is too old, 25 works)",
  },
  cuda: {
    backend: "cuda",
    libraries: cudaLibraries,
    advice: "put the libraries of CUDA 12 and cuDNN 9 on the library path",
  },
  tensorrt: {
    backend: "tensorrt",
    libraries: [...cudaLibraries, "libonnxruntime_providers_tensorrt.so"],
    advice: "put the libraries of CUDA 12, cuDNN 9 and TensorRT 10 on the library path",
  },
  coreml: { backend: "coreml", advice: "update macOS" },
  directml: { backend: "dml", advice: "install the graphics driver, with DirectX 12" },
};

/** Whether a provider's inputs and outputs can stay on its device from run to run. */
export function keepsBuffers(provider: OnnxProvider): boolean {
  return traits[provider].keepsBuffers === true;
}

/** What `InferenceSession.create` takes; ops that the provider lacks run on the CPU. */
export function executionProviders(provider: OnnxProvider): string[] {
  return provider === "cpu" ? ["cpu"] : [traits[provider].backend, "cpu"];
}

/** Each provider with what became of trying it. */
export async function tryProviders(ort: typeof Ort): Promise<ProviderStatus[]> {
  const statuses: ProviderStatus[] = [];
  for (const name of onnxProviders) {
    const reason = await whyNot(ort, name);
    const slow = name === "webgpu" && reason === undefined && onlySoftwareVulkan();
    statuses.push({
      name,
      available: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(slow ? { note: "on a software Vulkan driver: for tests, slower than cpu" } : {}),
    });
  }
  return statuses;
}

/**
 * The provider to use. `"auto"` takes CUDA where its libraries are, else WebGPU, on a machine with a discrete GPU, and the CPU
 * elsewhere. Throws an `ExecutionError` that says why `wanted` is missing, unless `fallback` allows the CPU instead.
 */
export async function chooseProvider(
  ort: typeof Ort,
  wanted: OnnxProvider | "auto",
  fallback: boolean,
): Promise<OnnxProvider> {
  if (wanted === "auto") {
    if (!hasDiscreteGpu()) return "cpu";
    for (const provider of ["cuda", "webgpu"] as const) {
      const isSoftware = provider === "webgpu" && onlySoftwareVulkan();
      if (!isSoftware && (await whyNot(ort, provider)) === undefined) return provider;
    }
    return "cpu";
  }
  const reason = wanted === "cpu" ? undefined : await whyNot(ort, wanted);
  if (reason === undefined) return wanted;
  if (fallback) return "cpu";
  throw new ExecutionError(
    `onnx executor: provider "${wanted}" is not available: ${reason} (or use provider "cpu", or fallback: true)`,
  );
}

const proofs = new WeakMap<typeof Ort, Map<OnnxProvider, Promise<string | undefined>>>();

/** Undefined if the provider works, which is tried once in a thread. */
function whyNot(ort: typeof Ort, provider: OnnxProvider): Promise<string | undefined> {
  const tried = proofs.get(ort) ?? new Map<OnnxProvider, Promise<string | undefined>>();
  proofs.set(ort, tried);
  const reason = tried.get(provider) ?? reasonAgainst(ort, provider);
  tried.set(provider, reason);
  return reason;
}

async function reasonAgainst(ort: typeof Ort, provider: OnnxProvider): Promise<string | undefined> {
  const { backend, libraries = [], advice } = traits[provider];
  const listed = ort.listSupportedBackends();
  const platform = `${process.platform}-${process.arch}`;
  if (!listed.some(({ name }) => name === backend)) {
    return `onnxruntime-node for ${platform} is built without it (it has ${listed.map(({ name }) => name).join(", ")})`;
  }
  if (libraries.length > 0) {
    if (!hasNvidiaDriver()) return "no NVIDIA driver is loaded (install the driver of the GPU; nvidia-smi shows it)";
    const folder = bindingFolder(platform);
    const missing = process.platform === "linux" ? libraries.filter((file) => !existsSync(join(folder, file))) : [];
    if (missing.length > 0) {
      return (
        `${missing.join(", ")} is not in ${folder}: npm does not carry it ` +
        "(let onnxruntime-node run its install script: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node)"
      );
    }
  }
  try {
    return (await computesRight(ort, backend)) ? undefined : `a small program gave wrong numbers on it (${advice})`;
  } catch (error) {
    return `${firstCause((error as Error).message)} (${advice})`;
  }
}

function bindingFolder(platform: string): string {
  const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return join(root, "bin", "napi-v6", ...platform.split("-"));
}

/** Doubles four numbers, with the CPU forbidden. */
async function computesRight(ort: typeof Ort, backend: string): Promise<boolean> {
  const x = placeholder("x", "float32", [4]);
  const { bytes, inputNames, outputNames } = onnxModel(makeProgram([x], [mul(x, 2)]));
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [backend],
    logSeverityLevel: 4,
    ...(backend === "cpu" ? {} : { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
  });
  try {
    const results = await session.run({ [inputNames[0]!]: new ort.Tensor("float32", [1, 2, 3, 4], [4]) });
    return String(results[outputNames[0]!]!.data) === "2,4,6,8";
  } finally {
    await session.release();
  }
}

/** ONNX Runtime puts the place in its sources and the condition before what went wrong. */
function firstCause(message: string): string {
  return message
    .replace(/^.* was false\. /s, "")
    .split("\n")[0]!
    .trim();
}
