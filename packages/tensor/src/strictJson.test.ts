import { describe, expect, test } from "vitest";
import { FormatError } from "./errors.ts";
import { type JsonValue, parseStrictJson } from "./strictJson.ts";

/** What JSON.parse would have made of the same text. */
function plain(value: JsonValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? Number(value) : value;
}

describe("valid text", () => {
  test.each([
    "null",
    " [ ] ",
    "{}",
    '[true,false,null,"",0,-0,-1,1.5,1e3,1E-3,-2.5e+2]',
    '{"a":{"b":[{"c":"\\u00e9\\n\\"\\\\"}]},"d":"\\\\","e\\"":"\\ud83d\\ude00"}',
    '\t{\r\n"a" : [ 1 , 2 ] }\n',
  ])("%s is read as JSON.parse reads it", (text) => {
    expect(plain(parseStrictJson(text, "test"))).toEqual(JSON.parse(text));
  });

  test("unsigned integers up to 64 bits are exact, other numbers are numbers", () => {
    expect(parseStrictJson("[18446744073709551615,18446744073709551616,-1,1.0,0]", "test")).toEqual([
      2n ** 64n - 1n,
      2 ** 64,
      -1,
      1,
      0n,
    ]);
  });

  test("keys keep the order of the text, whatever they are called", () => {
    const value = parseStrictJson('{"b":1,"10":2,"9":3,"__proto__":4}', "test") as ReadonlyMap<string, JsonValue>;
    expect([...value]).toEqual([
      ["b", 1n],
      ["10", 2n],
      ["9", 3n],
      ["__proto__", 4n],
    ]);
  });
});

test.each([
  ["", 0, "expected a JSON value"],
  ["[1,]", 3, "expected a JSON value"],
  ['{"a":1,}', 7, "expected a key in quotes"],
  ['{"a" 1}', 5, "expected ':'"],
  ["[1 2]", 3, "expected ',' or ']'"],
  ['{"a":1 "b":2}', 7, "expected ',' or '}'"],
  ['{"a":1,"\\u0061":2}', 15, 'duplicate key "a"'],
  ['"a', 0, "a string is not closed"],
  ['"a\\"', 0, "a string is not closed"],
  ['"\\q"', 0, "a string holds a bad escape or a control character"],
  ['"\\udc00"', 0, "a string holds half of a surrogate pair"],
  ["1e999", 0, "a number is beyond float64"],
  ["01", 1, "expected nothing after the JSON value"],
  ["[".repeat(128) + "]".repeat(128), 127, "expected at most 127 nested levels"],
])("%s is refused at %i", (text, position, problem) => {
  const parse = () => parseStrictJson(text, "x.json");
  expect(parse).toThrow(FormatError);
  expect(parse).toThrow(`x.json: not valid JSON at character ${position}: ${problem}`);
});
