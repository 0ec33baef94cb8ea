// The TensorFlow.js executor: `@llm/tensor/tfjs`.
export { type TfjsOptions, type TfjsRuntime, tfjsExecutor } from "./executors/tfjs.ts";
