import type { Options } from "tsup";
import { packageConfig } from "../../tsup.base.ts";

const shared = packageConfig() as Options;

export default {
  ...shared,
  entry: {
    ...Object.fromEntries((shared.entry as string[]).map((file) => [file.replace(/^.*\/|\.ts$/g, ""), file])),
    // Loaded by URL: it must lie beside the bundle (see scale/workerPool.ts).
    shardWorker: "src/scale/shardWorker.ts",
  },
};
