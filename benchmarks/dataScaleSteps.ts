// The pipeline that benchmarks/dataScale.ts runs in worker threads.
import { deduplicate, filterLength, normalize, repairUnicode, type Step } from "@llm/data";

export function steps(): Step[] {
  return [repairUnicode(), normalize(), filterLength({ minCharacters: 200 }), deduplicate()];
}
