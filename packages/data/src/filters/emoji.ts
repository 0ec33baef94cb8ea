// What becomes of emoji: they stay, go, or are named by the short names of Unicode (CLDR).
import { createRequire } from "node:module";
import type { Step } from "../document.ts";
import { textStep } from "./textStep.ts";

/** `keep` leaves them, `drop` removes them, `text` puts `:red_heart:` in their place. */
export type EmojiPolicy = "keep" | "drop" | "text";

// Sequences recommended for interchange (UTS #51), and single characters that are shown as pictures. Digits, © and the like, which
// are pictures only when a selector follows, are left to the sequences.
// biome-ignore lint/complexity/useRegexLiterals: TypeScript takes the flag `v` in literals for ES2024 only; Node 20 has it.
const emoji = new RegExp("\\p{RGI_Emoji}|\\p{Emoji_Presentation}\\p{EMod}?|\\p{Extended_Pictographic}\\ufe0f", "gv");
const remains = /[\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]|[\ufe0f\u200d](?![\p{L}\p{M}])/gu;
const anyEmoji = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
const skinTone = /[\u{1f3fb}-\u{1f3ff}]/gu;
const joiner = "\u200d";
const toneNames = ["light", "medium-light", "medium", "medium-dark", "dark"];

let names: ReadonlyMap<string, string> | undefined;

/**
 * The text with its emoji treated by the policy. Spaces around them stay.
 *
 * @example
 * replaceEmoji("Well done 👍🏽", "text"); // "Well done :thumbs_up_medium_skin_tone:"
 */
export function replaceEmoji(text: string, policy: EmojiPolicy): string {
  if (policy === "keep" || !anyEmoji.test(text)) return text;
  if (policy === "drop") return text.replace(emoji, "").replace(remains, "");
  return text.replace(emoji, (found) => nameOf(found));
}

/** The step that applies `replaceEmoji` to each document. */
export function treatEmoji(policy: EmojiPolicy): Step {
  return textStep("treatEmoji", (text) => replaceEmoji(text, policy));
}

function nameOf(found: string): string {
  names ??= loadNames();
  const plain = found.replace(skinTone, "").replaceAll("\ufe0f", "");
  const name = names.get(plain);
  // Combinations without a name of their own are those of their parts.
  if (name === undefined) return found.includes(joiner) ? found.split(joiner).map(nameOf).join("") : found;
  const tones = Array.from(found.matchAll(skinTone), ([tone]) => toneNames[tone.codePointAt(0)! - 0x1f3fb]!);
  const suffix = [...new Set(tones)].map((tone) => `_${tone}_skin_tone`).join("");
  return `:${name}${suffix}:`;
}

function loadNames(): ReadonlyMap<string, string> {
  const load = createRequire(import.meta.url);
  const data = load("unicode-emoji-json/data-by-emoji.json") as Record<string, { readonly slug: string }>;
  return new Map(Object.entries(data).map(([found, { slug }]) => [found.replaceAll("\ufe0f", ""), slug]));
}
