// Added tokens: strings that are cut out of a text before anything else happens to it, and become one id each.
// The rules (leftmost, then longest; whole words; stripped white space) are those of Hugging Face `tokenizers`.
import type { AllowedSpecial } from "./tokenizer.ts";
import { wordCharacters } from "./wordCharacters.ts";

/** One entry of `added_tokens` in `tokenizer.json`, with our field names. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Recognised only where no word character stands on either side. */
  readonly singleWord: boolean;
  /** Takes the white space on its left with it. */
  readonly leftStrip: boolean;
  /** Takes the white space on its right with it. */
  readonly rightStrip: boolean;
  /** Looked for in the normalised text (true) or in the text as it came (false). */
  readonly normalized: boolean;
  /** Left out by `skipSpecialTokens`, and plain text unless allowed. */
  readonly special: boolean;
}

/** A part `[start, end)` of a text: an added token with its id, or a text that holds none. */
export interface TextPart {
  readonly id: number | undefined;
  readonly start: number;
  readonly end: number;
}

const endsWithWord = new RegExp(`[${wordCharacters}]$`, "u");
const startsWithWord = new RegExp(`^[${wordCharacters}]`, "u");
const whiteSpace = /\p{White_Space}/u;

/** Whether special tokens spelled out in a text may be recognised as such. */
export function isAllowed(token: AddedToken, allowed: AllowedSpecial): boolean {
  if (!token.special || allowed === "all") return true;
  return allowed !== "none" && allowed.has(token.content);
}

/** Finds added tokens in texts. */
export class AddedTokenMatcher {
  readonly #tokens: readonly AddedToken[];
  /** The tokens by their first code unit, longest first. */
  readonly #byFirstUnit = new Map<number, AddedToken[]>();
  readonly #isFirstUnit = new Uint8Array(0x10000);

  constructor(tokens: readonly AddedToken[]) {
    this.#tokens = tokens.filter((token) => token.content !== "");
    for (const token of this.#tokens) {
      const unit = token.content.charCodeAt(0);
      const others = this.#byFirstUnit.get(unit) ?? [];
      others.push(token);
      others.sort((a, b) => b.content.length - a.content.length);
      this.#byFirstUnit.set(unit, others);
      this.#isFirstUnit[unit] = 1;
    }
  }

  /** Cuts `text` into added tokens and the texts between them. */
  split(text: string, allowed: AllowedSpecial): TextPart[] {
    if (!this.#tokens.some((token) => isAllowed(token, allowed))) {
      return text === "" ? [] : [{ id: undefined, start: 0, end: text.length }];
    }
    const parts: TextPart[] = [];
    let done = 0;
    for (let at = 0; at < text.length; ) {
      const token = this.#isFirstUnit[text.charCodeAt(at)] ? this.#tokenAt(text, at) : undefined;
      if (!token || !isAllowed(token, allowed) || (token.singleWord && !standsAlone(text, at, token))) {
        // What is not taken is passed over as a whole: a token inside it is not looked for.
        at += token ? token.content.length : 1;
        continue;
      }
      const start = token.leftStrip ? spaceStart(text, at, done) : at;
      at += token.content.length;
      if (start >= at) continue;
      if (start > done) parts.push({ id: undefined, start: done, end: start });
      // White space that a token took with it may hold further tokens, which count as well.
      done = token.rightStrip ? spaceStop(text, at) : at;
      parts.push({ id: token.id, start, end: done });
    }
    if (done < text.length) parts.push({ id: undefined, start: done, end: text.length });
    return parts;
  }

  #tokenAt(text: string, at: number): AddedToken | undefined {
    return this.#byFirstUnit.get(text.charCodeAt(at))!.find((token) => text.startsWith(token.content, at));
  }
}

function standsAlone(text: string, start: number, { content }: AddedToken): boolean {
  const stop = start + content.length;
  // Two units are enough to hold the one neighbouring character.
  return (
    !endsWithWord.test(text.slice(Math.max(0, start - 2), start)) && !startsWithWord.test(text.slice(stop, stop + 2))
  );
}

function spaceStart(text: string, at: number, limit: number): number {
  while (at > limit && whiteSpace.test(text[at - 1]!)) at--;
  return Math.max(at, limit);
}

function spaceStop(text: string, at: number): number {
  while (at < text.length && whiteSpace.test(text[at]!)) at++;
  return at;
}
