// What a model's weight files hold.
import { join } from "node:path";
import { openSafetensors } from "@llm/tensor/safetensors";

/** The tensors of the `.safetensors` files among `names` in a folder, and how many elements each has; only headers are read. */
export async function tensorsIn(folder: string, names: readonly string[]): Promise<Map<string, number>> {
  const elements = new Map<string, number>();
  for (const name of names.filter((name) => name.endsWith(".safetensors"))) {
    await using file = await openSafetensors(join(folder, name));
    for (const tensor of file.names)
      elements.set(
        tensor,
        file.entry(tensor).shape.reduce((a, b) => a * b, 1),
      );
  }
  return elements;
}
