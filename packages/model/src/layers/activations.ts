// Activation functions under the names that config.json calls them.
import type { Tensor } from "@llm/tensor";

export type Activation = "gelu" | "gelu_new" | "relu" | "silu";

export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  gelu: (x) => x.gelu(),
  gelu_new: (x) => x.gelu({ approximate: "tanh" }),
  relu: (x) => x.relu(),
  silu: (x) => x.silu(),
};
