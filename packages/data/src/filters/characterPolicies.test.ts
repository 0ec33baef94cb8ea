// Emoji and invisible characters.
import { describe, expect, it } from "vitest";
import type { Document, Step } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import { replaceEmoji, treatEmoji } from "./emoji.ts";
import { removeInvisible, withoutInvisible } from "./invisibleCharacters.ts";

async function textsAfter(step: Step, ...texts: string[]): Promise<string[]> {
  const documents: Document[] = texts.map((text, i) => ({ id: String(i), text }));
  const after: string[] = [];
  for await (const { text } of pipeline(documents, [step]).documents) after.push(text);
  return after;
}

describe("emoji", () => {
  it.each([
    ["Well done 👍🏽!", "Well done :thumbs_up_medium_skin_tone:!", "Well done !"],
    ["I ❤️ you, I ❤ you", "I :red_heart: you, I ❤ you", "I  you, I ❤ you"],
    ["👩‍💻 codes", ":woman_technologist: codes", " codes"],
    ["👩🏻‍🤝‍👨🏿", ":woman_light_skin_tone::handshake::man_dark_skin_tone:", ""],
    ["flag 🇩🇪🏴󠁧󠁢󠁥󠁮󠁧󠁿 key 1️⃣ and 1 # ©", "flag :flag_germany::flag_england: key :keycap_1: and 1 # ©", "flag  key  and 1 # ©"],
    ["no emoji: 5 * 3 ™ ℹ", "no emoji: 5 * 3 ™ ℹ", "no emoji: 5 * 3 ™ ℹ"],
    ["न\u200dा क्‍ष", "न\u200dा क्‍ष", "न\u200dा क्‍ष"],
  ])("%s", (text, named, dropped) => {
    expect(replaceEmoji(text, "text")).toBe(named);
    expect(replaceEmoji(text, "drop")).toBe(dropped);
    expect(replaceEmoji(text, "keep")).toBe(text);
  });

  it("are treated by a step", async () => {
    expect(await textsAfter(treatEmoji("drop"), "a😀b", "plain")).toEqual(["ab", "plain"]);
  });
});

describe("invisible characters", () => {
  it.each([
    ["zero\u200bwidth\u2060 \ufeffmarks", "zerowidth marks"],
    ["soft\u00adhyphen", "softhyphen"],
    ["\u202aleft\u202c \u2067right\u2069\u200f", "left right"],
    ["Latin\u200d\u200cjoiners", "Latinjoiners"],
    ["می\u200cخواهم क्\u200dष 👩\u200d💻 ❤\ufe0f", "می\u200cخواهم क्\u200dष 👩\u200d💻 ❤\ufe0f"],
    ["a\ufe0f葛\ufe00", "a葛\ufe00"],
  ])("%j", (text, expected) => {
    expect(withoutInvisible(text)).toBe(expected);
  });

  it("stay where options say so", async () => {
    const text = "a\u00adb\u200bc\u200ed";
    expect(withoutInvisible(text, { softHyphens: false })).toBe("a\u00adbcd");
    expect(withoutInvisible(text, { zeroWidth: false })).toBe("ab\u200bcd");
    expect(withoutInvisible(text, { directional: false })).toBe("abc\u200ed");
    expect(await textsAfter(removeInvisible(), text)).toEqual(["abcd"]);
  });
});
