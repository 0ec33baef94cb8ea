import { describe, expect, it } from "vitest";
import { findMatches, translatePattern } from "./oniguruma.ts";

const matches = (pattern: string, text: string): string[] => text.match(translatePattern(pattern)) ?? [];

describe("translatePattern", () => {
  it.each<[string, string, string[]]>([
    ["\\s", "a\u0085b\ufeffc", ["\u0085"]],
    ["\\S+", "a\u0085b\ufeffc", ["a", "b\ufeffc"]],
    ["[^\\s]+", "a\u0085b", ["a", "b"]],
    ["\\w+", "naïve_1 x-y", ["naïve_1", "x", "y"]],
    ["\\W+", "a--b", ["--"]],
    ["\\d+", "12½٣", ["12", "٣"]],
    ["(?i:'s|k)", "'S 'ſ K \u212a x", ["'S", "'ſ", "K", "\u212a"]],
    ["a(?i:b)c", "abc aBc Abc", ["abc", "aBc"]],
    ["(?i)ab", "ab AB aB", ["ab", "AB", "aB"]],
    ["(?i:[ab])", "aAbBc", ["a", "A", "b", "B"]],
    ["a++b|a", "aab a", ["aab", "a"]],
    ["a++a", "aaa", []],
    ["(?:ab)*+c", "ababc", ["ababc"]],
    ["(?>a+)a", "aaa", []],
    ["(?>a|ab)c", "abc ac", ["ac"]],
    ["(?:x|(?>a+)b)", "aab x", ["aab", "x"]],
    ["a{2}+", "aaaaa", ["aaaa"]],
    ["a{,2}b", "aaab b", ["aab", "b"]],
    ["^a$", "a\nba\na", ["a", "a"]],
    [".+", "a\rb\nc", ["a\rb", "c"]],
    ["[\\]\\-x]+", "]-x", ["]-x"]],
    ["[]a]+", "a]", ["a]"]],
    ["\\p{Lu}\\pL", "Ab ab", ["Ab"]],
    ["\\p{^L}", "a1", ["1"]],
    ["\\x{1F600}|\\u00e9|\\x41", "😀éA", ["😀", "é", "A"]],
    ["\\'\\\"\\#", "'\"#", ["'\"#"]],
    ["a(?!b)|(?<=b)c|(?<!b)d|e(?=f)", "ac bc d ef", ["a", "c", "d", "e"]],
    ["[\\p{L}&&[^a]]+", "ab1cé", ["b", "cé"]],
    ["[^a-c&&b-d]+", "abcd", ["a", "d"]],
    ["[a-z&&b-d&&[^c]]", "abcde", ["b", "d"]],
    ["[a[c-e]]+", "abcde", ["a", "cde"]],
    ["[^a[c-e]]+", "abcdef", ["b", "f"]],
    ["\\p{Han}+|\\P{^Latin}", "漢字ab一", ["漢字", "a", "b", "一"]],
    ["[^\\Wa]+|[\\W\\d]", "ab½1-", ["b", "½", "1", "-"]],
    ["\\w+", "a½²b", ["a½²b"]],
    ["[\\w]+", "a½b", ["a", "b"]],
    ["\\bé", "é aé", ["é"]],
    ["a\\B", "aé a", ["a"]],
  ])("%s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toEqual(expected);
  });

  it.each([
    ["[[:alpha:]]", "a POSIX bracket"],
    ["\\h", "\\h near position 2 is not supported"],
    ["(?m:a)", "this kind of group"],
    ["a)", "an unmatched )"],
    ["[a", "a class without ]"],
    ["(a", "no regular expression"],
    ["a\\", "a \\ at the end"],
    ["\\p{NoSuch}", "\\p{NoSuch} near position 10 is not supported"],
  ])("refuses %s", (pattern, message) => {
    expect(() => translatePattern(pattern)).toThrow(message);
  });
});

describe("findMatches", () => {
  it.each([
    [
      "a*",
      "baab",
      [
        [0, 0],
        [1, 3],
        [4, 4],
      ],
    ],
    [
      "$",
      "😀\n😀",
      [
        [2, 2],
        [5, 5],
      ],
    ],
    [
      "\\B",
      "😀!",
      [
        [0, 0],
        [2, 2],
        [3, 3],
      ],
    ],
  ])("%s in %j", (pattern, text, expected) => {
    const found = Array.from(findMatches(text, translatePattern(pattern)), ({ start, end }) => [start, end]);
    expect(found).toEqual(expected);
  });
});
