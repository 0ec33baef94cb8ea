import fc from "fast-check";
import { expect, test } from "vitest";
import { StopScanner } from "./stopStrings.ts";

function scan(pieces: readonly string[], stops: readonly string[]) {
  const scanner = new StopScanner(stops);
  const given = pieces.map((piece) => scanner.push(piece));
  return { given, text: given.join("") + scanner.end(), stopped: scanner.stopped };
}

test("a stop string that spans pieces never shows, not even in part", () => {
  expect(scan(["one\n", "\nH", "uman: two"], ["\n\nHuman:"])).toEqual({
    given: ["one", "", ""],
    text: "one",
    stopped: true,
  });
});

test("what only looked like a stop string comes through once that is clear", () => {
  expect(scan(["a<", "|x", "b<|"], ["<|end|>"])).toEqual({ given: ["a", "<|x", "b"], text: "a<|xb<|", stopped: false });
});

test("nothing comes after the end", () => {
  expect(scan(["a stop b", "c"], ["stop"])).toEqual({ given: ["a ", ""], text: "a ", stopped: true });
});

test("of several stop strings the first to be complete ends the text", () => {
  expect(scan(["xabcd"], ["abcd", "bc"]).text).toBe("xa");
  expect(scan(["xabcd"], ["cd", "abcd"]).text).toBe("x");
});

test("without stop strings everything comes at once", () => {
  expect(scan(["a", "", "b"], [])).toEqual({ given: ["a", "", "b"], text: "ab", stopped: false });
});

test("the result does not depend on how the text is cut, and nothing given out is ever part of a stop string", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
    maxLength: 4,
  });
  const cuts = fc.array(fc.nat(5), { maxLength: 30 });
  fc.assert(
    fc.property(text, stops, cuts, (whole, stops, cuts) => {
      const pieces: string[] = [];
      let at = 0;
      for (const length of cuts) {
        pieces.push(whole.slice(at, at + length));
        at += length;
      }
      pieces.push(whole.slice(at));
      const { text, stopped } = scan(pieces, stops);
      expect(text).toBe(untilFirstStop(whole, stops));
      expect(stopped).toBe(text.length < whole.length);
    }),
    { seed: 11, numRuns: 500 },
  );
});

/** The definition, one character at a time. */
function untilFirstStop(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const read = text.slice(0, end);
    const found = stops.filter((stop) => read.endsWith(stop)).sort((a, b) => b.length - a.length)[0];
    if (found) return read.slice(0, end - found.length);
  }
  return text;
}
