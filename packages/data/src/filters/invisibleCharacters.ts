// Removes characters that are not seen and say nothing: zero-width spaces, soft hyphens, directional marks, and the joiners that
// stand where no script uses them.
import type { Step } from "../document.ts";
import { textStep } from "./textStep.ts";

/** Options of `removeInvisible`; all are on unless said. */
export interface InvisibleOptions {
  /** Zero-width spaces, word joiners and byte order marks; joiners too, save between letters of scripts that use them, and in emoji. */
  readonly zeroWidth?: boolean;
  /** Marks of the direction of writing (UAX #9), which only matter where text is shown. */
  readonly directional?: boolean;
  /** Soft hyphens. */
  readonly softHyphens?: boolean;
  /** Variation selectors after characters other than emoji and ideographs. Default true. */
  readonly variationSelectors?: boolean;
}

const zeroWidth = /[\u200b\u2060\ufeff\u180e]/g;
const directional = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const softHyphen = /\u00ad/g;
// Arabic, Syriac, the scripts of India and South East Asia, Mongolian, and emoji join by U+200C and U+200D.
// biome-ignore-start lint/suspicious/noMisleadingCharacterClass: they are matched one by one.
const strayJoiner =
  /(?<![\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\p{Extended_Pictographic}\p{EMod}\ufe0f])[\u200c\u200d]/gu;
const straySelector = /(?<![\p{Emoji}\p{Script=Han}\p{Script=Mongolian}])[\ufe00-\ufe0f]/gu;
const anyInvisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff]/;
// biome-ignore-end lint/suspicious/noMisleadingCharacterClass: they are matched one by one.

/** The text without invisible characters. */
export function withoutInvisible(text: string, options: InvisibleOptions = {}): string {
  if (!anyInvisible.test(text)) return text;
  let plain = text;
  if (options.zeroWidth ?? true) plain = plain.replace(zeroWidth, "").replace(strayJoiner, "");
  if (options.directional ?? true) plain = plain.replace(directional, "");
  if (options.softHyphens ?? true) plain = plain.replace(softHyphen, "");
  if (options.variationSelectors ?? true) plain = plain.replace(straySelector, "");
  return plain;
}

/** The step that applies `withoutInvisible` to each document. */
export function removeInvisible(options: InvisibleOptions = {}): Step {
  return textStep("removeInvisible", (text) => withoutInvisible(text, options));
}
