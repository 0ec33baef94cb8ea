import { BertForQuestionAnswering } from "@llm/model";
import { describe, expect, it } from "vitest";
import { extractiveQuestionAnswering } from "./extractiveQuestionAnswering.ts";
import { type PairEncoding, type PairTokenizer, type Question, questionWindows } from "./questionWindows.ts";

/** Words apart at spaces, ids by their length, one special token at the beginning and after each text: a pair as BERT has it. */
const tokenizer: PairTokenizer = {
  encodeWithOffsets([first, second], { truncation: { maxLength, stride } }) {
    const places = (text: string) =>
      [...text.matchAll(/\S+/g)].map(({ index, 0: word }) => [index, index + word.length] as const);
    const [left, right] = [places(first), places(second)];
    const room = maxLength - left.length - 3;
    const windows: PairEncoding[] = [];
    for (let from = 0; ; from += room - stride) {
      const part = right.slice(from, from + room);
      const none = [0, 0] as const;
      const offsets = [none, ...left, none, ...part, none];
      const isSpecial = (i: number) => i === 0 || i === left.length + 1 || i === offsets.length - 1;
      windows.push({
        ids: Uint32Array.from(offsets, ([start, end]) => 1 + end - start),
        offsets,
        typeIds: Uint32Array.from(offsets, (_, i) => Number(i > left.length + 1)),
        specialTokensMask: Uint8Array.from(offsets, (_, i) => Number(isSpecial(i))),
      });
      if (from + room >= right.length) break;
    }
    return { ...windows[0]!, overflowing: windows.slice(1) };
  },
};

const context = "the cat sat on the mat and then it slept";
const question = (text: string, start = context.indexOf(text)): Question => ({
  id: "q",
  question: "who slept ?",
  context,
  answers: [{ text, start }],
});

describe("windows", () => {
  it("hold the whole text where it fits, with the answer's first and last token", () => {
    const [window, ...others] = questionWindows(tokenizer, question("sat on"));
    expect(others).toEqual([]);
    // [CLS] who slept ? [SEP] the cat sat on …
    expect([window!.start, window!.end]).toEqual([7, 8]);
    expect(window!.places.slice(0, 7)).toEqual([undefined, undefined, undefined, undefined, undefined, [0, 3], [4, 7]]);
    expect(window!.places.at(-1)).toBeUndefined();
    expect(Array.from(window!.tokenTypeIds as Uint32Array).slice(3, 7)).toEqual([0, 0, 1, 1]);
  });

  it("overlap by the stride, and point at the first token where they do not have the answer", () => {
    const windows = questionWindows(tokenizer, question("the mat"), { maximumLength: 10, stride: 2 });
    const texts = windows.map(({ places }) => {
      const known = places.filter((place) => place !== undefined);
      return context.slice(known[0]![0], known.at(-1)![1]);
    });
    expect(texts).toEqual(["the cat sat on", "sat on the mat", "the mat and then", "and then it slept"]);
    expect(windows.map(({ start, end }) => [start, end])).toEqual([
      [0, 0],
      [7, 8],
      [5, 6],
      [0, 0],
    ]);
    const inside = windows[1]!;
    const answer = context.slice(inside.places[inside.start]![0], inside.places[inside.end]![1]);
    expect(answer).toBe("the mat");
  });

  it("take the token that a part of a word is in", () => {
    const [window] = questionWindows(tokenizer, question("lep", context.indexOf("lep")));
    expect([window!.start, window!.end]).toEqual([14, 14]);
  });

  it("have no answer where the question has none", () => {
    const [window] = questionWindows(tokenizer, { ...question("cat"), answers: [] });
    expect([window!.start, window!.end]).toEqual([0, 0]);
  });

  it("refuse an answer that is not at its place", () => {
    expect(() => questionWindows(tokenizer, question("cat", 5))).toThrow(
      'questionWindows: the answer "cat" of question q should be at 5 of its context, there is "at " (places are UTF-16 code units, as JavaScript counts)',
    );
    expect(() => questionWindows(tokenizer, question("", 5))).toThrow('the answer "" of question q');
  });
});

it("refuses windows longer than the context, and answers outside of a window", () => {
  const model = new BertForQuestionAnswering({ vocabularySize: 24, contextLength: 8, layers: 1, heads: 1, width: 4 });
  const { checkBatch } = extractiveQuestionAnswering();
  const windows = questionWindows(tokenizer, question("cat"));
  expect(() => checkBatch!(windows, model)).toThrow("example 0 has 16 tokens, the model's context holds 1 to 8");
  const [short] = questionWindows(tokenizer, { ...question("cat", 0), context: "cat" });
  expect(() => checkBatch!([short!], model)).not.toThrow();
  expect(() => checkBatch!([{ ...short!, end: 7 }], model)).toThrow(
    "the answer of example 0 is tokens 5 to 7, the window has 0 to 6",
  );
});
