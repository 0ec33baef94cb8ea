// How many numbers a model's weight files hold.
import { join } from "node:path";
import { openSafetensors } from "@llm/tensor/safetensors";

/** Of the `.safetensors` files among `names` in a folder; nothing but their headers is read. */
export async function countParameters(folder: string, names: readonly string[]): Promise<number> {
  let total = 0;
  for (const name of names.filter((name) => name.endsWith(".safetensors"))) {
    await using file = await openSafetensors(join(folder, name));
    for (const tensor of file.names) total += file.entry(tensor).shape.reduce((a, b) => a * b, 1);
  }
  return total;
}
