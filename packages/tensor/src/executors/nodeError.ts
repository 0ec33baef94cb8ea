// The error of a node that failed while a program ran.
import { ExecutionError, TensorError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { describeOrigin } from "../origin.ts";

/** `error` with the op's name in front, where it is not one of ours, and behind it the line of user code that recorded the node. */
export function nodeError(node: Node, error: unknown): ExecutionError {
  const { message } = error as Error;
  const place = describeOrigin(node.origin);
  return new ExecutionError(
    (TensorError.isInstance(error) ? message : `${node.op.name}: ${message}`) +
      (place ? `\n  recorded at ${place}` : ""),
    { cause: error },
  );
}
