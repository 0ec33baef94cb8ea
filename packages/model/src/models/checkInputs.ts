// Checks of what a model is given, before the ops do it in words of their own.
import type { Tensor } from "@llm/tensor";
import { ModelError } from "../errors.ts";

/** Throws a `ModelError` unless these are int32 ids [batch, sequence] that fit into the context, where that has a limit. */
export function checkIds(
  where: string,
  inputIds: Tensor,
  { contextLength = Number.POSITIVE_INFINITY, name = "inputIds" }: { contextLength?: number; name?: string } = {},
): void {
  const { dtype, shape } = inputIds;
  if (dtype !== "int32" || shape.length !== 2) {
    throw new ModelError(`${where}: ${name} must be a tensor int32[batch,sequence], got ${dtype}[${shape}]`);
  }
  const sequence = shape[1]!;
  if (typeof sequence === "number" && sequence > contextLength) {
    throw new ModelError(`${where}: a sequence of ${sequence} tokens is longer than the context of ${contextLength}`);
  }
}

/** Throws a `ModelError` unless each tensor that is there has the shape of the ids; sizes with a name are not known yet. */
export function checkShapes(
  where: string,
  inputIds: Tensor,
  others: Readonly<Record<string, Tensor | undefined>>,
): void {
  for (const [name, tensor] of Object.entries(others)) {
    if (!tensor) continue;
    const differs = (size: Tensor["shape"][number], axis: number) => {
      const expected = inputIds.shape[axis];
      return typeof size === "number" && typeof expected === "number" && size !== expected;
    };
    if (tensor.shape.length !== inputIds.shape.length || tensor.shape.some(differs)) {
      throw new ModelError(
        `${where}: ${name} must have the shape of inputIds [${inputIds.shape}], got [${tensor.shape}]`,
      );
    }
  }
}
