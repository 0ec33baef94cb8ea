// Finds and loads TensorFlow.js, of which the user installs one package.
import { ExecutionError, UnsupportedOpError } from "../../errors.ts";
import type { TensorFlow } from "../../ops/tensorFlow.ts";

/** The npm package that runs the ops: TensorFlow on a GPU, on the CPU, or plain JavaScript (whole, or only what is needed here). */
export type TfjsRuntime =
  | "@tensorflow/tfjs-node-gpu"
  | "@tensorflow/tfjs-node"
  | "@tensorflow/tfjs"
  | "@tensorflow/tfjs-core";

/** What is imported for each runtime, fastest runtime first. */
const packages: Readonly<Record<TfjsRuntime, readonly string[]>> = {
  "@tensorflow/tfjs-node-gpu": ["@tensorflow/tfjs-node-gpu"],
  "@tensorflow/tfjs-node": ["@tensorflow/tfjs-node"],
  "@tensorflow/tfjs": ["@tensorflow/tfjs"],
  "@tensorflow/tfjs-core": ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"],
};

/** How a module is imported; tests stand in for packages that are not there. */
export type ImportModule = (name: string) => Promise<unknown>;

const importInstalled: ImportModule = (name) => import(/* @vite-ignore */ name);

/**
 * Loads `wanted`, or the first runtime that is installed. Throws an `UnsupportedOpError` where it is not installed, an
 * `ExecutionError` where it is but does not load.
 */
export async function loadRuntime(
  wanted: TfjsRuntime | undefined,
  importModule: ImportModule = importInstalled,
): Promise<TensorFlow> {
  if (wanted !== undefined && !Object.hasOwn(packages, wanted)) {
    throw new UnsupportedOpError(`tfjsExecutor: no runtime is named "${wanted}" (${Object.keys(packages).join(", ")})`);
  }
  const candidates = wanted ? [wanted] : (Object.keys(packages) as TfjsRuntime[]);
  for (const runtime of candidates) {
    const tf = await importRuntime(runtime, importModule);
    if (tf) return ready(tf);
  }
  throw new UnsupportedOpError(
    wanted
      ? `tfjsExecutor: ${packages[wanted].join(" and ")} must be installed (npm install ${packages[wanted].join(" ")})`
      : "tfjsExecutor: TensorFlow.js is not installed (npm install @tensorflow/tfjs-node for the CPU, " +
          "@tensorflow/tfjs-node-gpu for CUDA, or @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu for plain JavaScript)",
  );
}

/** The API of a runtime; undefined where a package of it is not installed. */
async function importRuntime(runtime: TfjsRuntime, importModule: ImportModule): Promise<TensorFlow | undefined> {
  const modules: unknown[] = [];
  for (const name of packages[runtime]) {
    try {
      modules.push(await importModule(name));
    } catch (error) {
      if (isMissing(error, name)) return undefined;
      throw new ExecutionError(
        `tfjsExecutor: ${name} is installed but does not load: ${(error as Error).message} ` +
          "(repair its installation, or name another runtime: tfjsExecutor({ runtime }))",
        { cause: error },
      );
    }
  }
  // The packages are CommonJS: Node sees all their names on the default export only.
  const [api] = modules as { default?: TensorFlow }[];
  return api!.default ?? (api as TensorFlow);
}

/** True if the package itself was not found, rather than something that it needs. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${name}'`);
}

/** The plain JavaScript backend prints advice to install another one with its first tensor, unless in production mode. */
async function ready(tf: TensorFlow): Promise<TensorFlow> {
  await tf.ready();
  const flags = tf.env();
  const production = flags.getBool("PROD");
  flags.set("PROD", true);
  tf.scalar(0).dispose();
  flags.set("PROD", production);
  return tf;
}
