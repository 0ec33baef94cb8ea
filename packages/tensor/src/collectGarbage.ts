// Gives memory that nobody refers to back at once. The engine collects when its own heap grows, which large arrays hardly do: without
// this, what a model was uploaded from would stay beside it for a whole training run.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** From here on a collection, some 10 ms, is worth it. */
const worthwhileBytes = 2 ** 26;

/** Collects if `bytes` have been let go of and that is `much` (default 64 MB); tells whether it did. */
export function collectGarbage(bytes: number, much = worthwhileBytes): boolean {
  if (bytes < much) return false;
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  return true;
}
