import { describe, expect, it } from "vitest";
import { type ChatMessage, ChatTemplate } from "./chatTemplate.ts";
import { FormatError } from "./errors.ts";
import { readFixture } from "./testing/fixtures.ts";
import { parseTokenizerJson } from "./tokenizerJson.ts";

interface ChatFixture {
  readonly templates: Record<string, string>;
  readonly tools: object[];
  readonly cases: {
    template: string;
    messages: ChatMessage[];
    text: string;
    prompt: string;
    ids: number[];
    assistantMask: number[] | null;
  }[];
}

const fixture = readFixture<ChatFixture>("chat.json");
const tokenizer = parseTokenizerJson(readFixture<object>("trained-here.json"));
const tokens = { bos_token: "<|endoftext|>", eos_token: "<|end|>" };
const templates = new Map(
  Object.entries(fixture.templates).map(([name, source]) => [name, new ChatTemplate(source, tokens)]),
);

describe("a chat template against transformers", () => {
  it.each(fixture.cases.map((item, index) => ({ ...item, name: `${item.template} ${index}` })))("$name", (expected) => {
    const template = templates.get(expected.template)!;
    const options = expected.template === "tools" ? { tools: fixture.tools } : {};
    expect(template.render(expected.messages, options)).toBe(expected.text);
    expect(template.render(expected.messages, { ...options, addGenerationPrompt: true })).toBe(expected.prompt);
    const { inputIds, lossMask } = template.encode(tokenizer, expected.messages, options);
    expect([...inputIds]).toEqual(expected.ids);
    if (expected.assistantMask) expect([...lossMask]).toEqual(expected.assistantMask);
    expect(lossMask.length).toBe(inputIds.length);
  });
});

describe("the loss mask without a generation tag", () => {
  const messages = fixture.cases[1]!.messages;

  it.each(["turns", "headers"])("covers what the assistant says and its end of turn: %s", (name) => {
    const { inputIds, lossMask } = templates.get(name)!.encode(tokenizer, messages);
    const spoken: string[] = [""];
    for (const [index, id] of inputIds.entries()) {
      if (lossMask[index]) spoken.push(spoken.pop() + tokenizer.decode([id]));
      else if (spoken.at(-1) !== "") spoken.push("");
    }
    expect(spoken.filter((part) => part !== "")).toEqual(["Peace, and\n\n- trade\n- coin<|end|>", "No more.<|end|>"]);
  });

  it("refuses a template that rewrites earlier turns", () => {
    const source = "{% for m in messages %}{{ m.role if loop.last else '-' }}{{ m.content }}{% endfor %}";
    expect(() => new ChatTemplate(source).encode(tokenizer, messages)).toThrow(
      "chat template: message 2 is written differently when others follow it",
    );
  });
});

describe("bad templates and messages", () => {
  it("name what is wrong", () => {
    expect(() => new ChatTemplate("{% for %}")).toThrow(FormatError);
    expect(() => new ChatTemplate("{% for %}")).toThrow("chat template: not a Jinja template");
    expect(() => templates.get("headers")!.render([{ role: "wizard", content: "x" }])).toThrow(
      "chat template: rendering failed: unknown role wizard",
    );
  });

  it("variables of one rendering come before those of the template", () => {
    const template = new ChatTemplate("{{ bos_token }}{{ mood }}", { bos_token: "<s>", mood: "calm" });
    expect(template.render([])).toBe("<s>calm");
    expect(template.render([], { variables: { mood: "glad" } })).toBe("<s>glad");
  });
});
